"""What an import shows: its columns, how far the check is, what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.authz.actor import Role
from app.authz.policy import NotPermitted, Permission, authorize
from app.core.db import reading
from app.health_center.csv_out import csv_lines
from app.immunization import queries
from app.immunization.csv_rows import AGAINST, NEW
from app.immunization.import_parts import kept_findings
from app.immunization.import_queries import count_written
from app.web.i18n import current_language
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.immunization.models import DoseImport

RECENT = 20
SHOWN = 300


@dataclass(frozen=True)
class ImportPage:
    """One file; ``checked`` and ``parts`` count its parts; ``more``: ``findings`` was cut.

    ``written``: doses that came in so far.
    """

    row: DoseImport
    parts: int
    checked: int
    findings: tuple[dict[str, Any], ...]
    more: bool
    written: int

    @property
    def to_write(self) -> int:
        """How many rows would be recorded."""
        return self.row.counts.get(NEW, 0) + self.row.counts.get(AGAINST, 0)


def desk_of(actor: Actor) -> UUID:
    """The health center in whose name a file is taken in. Raises ``NotPermitted``."""
    places = sorted(actor.organisations(Role.NURSE))
    if not places:
        raise NotPermitted(Permission.DOSES_IMPORT)
    return places[0]


def files(actor: Actor) -> Sequence[DoseImport]:
    """The files taken in last."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        return session.scalars(queries.imports_visible_to(actor).limit(RECENT)).all()


def file(actor: Actor, import_id: UUID, sealer: Sealer) -> ImportPage:
    """One file."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        row = queries.dose_import(session, actor, import_id)
        parts = queries.parts_of(session, actor, row)
        found = kept_findings(row, parts, sealer)
        written = count_written(session, row.bulk_entry_id)
    checked = sum(part.findings is not None for part in parts)
    return ImportPage(row, len(parts), checked, tuple(found[:SHOWN]), len(found) > SHOWN, written)


def has_doubtful(actor: Actor, import_id: UUID) -> bool:
    """Whether the schedule speaks against some row."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        return bool(queries.dose_import(session, actor, import_id).counts.get(AGAINST))


def findings_csv(
    actor: Actor, import_id: UUID, sealer: Sealer, explain: Callable[[str], str]
) -> Iterator[str]:
    """Every row that is not simply new, with what it comes to."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        row = queries.dose_import(session, actor, import_id)
        found = kept_findings(row, queries.parts_of(session, actor, row), sealer)
    language = current_language().value
    rows = [
        (
            str(one["line"]),
            one["number"] or "",
            explain(one["code"]),
            (one["words"] or {}).get(language, ""),
        )
        for one in found
    ]
    return csv_lines([(_("行"), _("手帳番号"), _("結果"), _("理由")), *rows])
