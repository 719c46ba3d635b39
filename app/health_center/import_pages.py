"""What an import shows: its columns, how far the check is, what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.authz.actor import Role
from app.authz.policy import NotPermitted, Permission, authorize
from app.core.db import reading
from app.health_center.csv_out import csv_lines
from app.immunization import queries
from app.immunization.csv_rows import AGAINST, CONFIRMS, DIFFERS, TO_WRITE
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
class Written:
    """A dose as the file or the family has it."""

    product: str
    given_on: date
    lot: str | None


@dataclass(frozen=True)
class Differing:
    """A row of the file beside the family's own entry; ``may_be_further``: two shots possible."""

    line: int
    number: str
    here: Written
    theirs: Written
    may_be_further: bool


@dataclass(frozen=True)
class ImportPage:
    """One file; ``checked`` and ``parts`` count its parts; ``more``: ``findings`` was cut.

    ``differing``: rows that differ a little from what a family copied. ``written``: doses that
    came in so far.
    """

    row: DoseImport
    parts: int
    checked: int
    differing: tuple[Differing, ...]
    findings: tuple[dict[str, Any], ...]
    more: bool
    written: int

    @property
    def to_write(self) -> int:
        """How many rows would be recorded without any decision."""
        return sum(self.row.counts.get(code, 0) for code in TO_WRITE)


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
    differing = [_differing(one) for one in found if one["code"] == DIFFERS]
    others = sorted(
        (one for one in found if one["code"] != DIFFERS), key=lambda one: one["code"] == CONFIRMS
    )
    return ImportPage(
        row,
        len(parts),
        checked,
        tuple(differing[:SHOWN]),
        tuple(others[:SHOWN]),
        max(len(differing), len(others)) > SHOWN,
        written,
    )


def has_doubtful(actor: Actor, import_id: UUID) -> bool:
    """Whether the schedule speaks against some row."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        return bool(queries.dose_import(session, actor, import_id).counts.get(AGAINST))


def _differing(one: dict[str, Any]) -> Differing:
    return Differing(
        one["line"],
        one["number"] or "",
        _written(one),
        _written(one["copy"]),
        one["copy"]["may_be_further"],
    )


def _written(one: dict[str, Any]) -> Written:
    return Written(one["product"], date.fromisoformat(one["given_on"]), one["lot"])


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
