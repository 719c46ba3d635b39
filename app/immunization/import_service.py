"""Taking over doses from a file: upload, columns, check. ``import_run_service`` writes them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.immunization import csv_rows, import_queries, queries
from app.immunization.csv_file import guess_columns, problems_of, read_csv, values_of
from app.immunization.errors import ColumnsMissing, ImportElsewhere
from app.immunization.import_parts import file_at, look_at, opened, sealed
from app.immunization.models import (
    DoseImport,
    DoseImportPart,
    ImportColumns,
    ImportState,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.immunization.csv_rows import Cells, Finding

PART = 2000
KEPT = timedelta(hours=24)


def upload(actor: Actor, organisation_id: UUID, data: bytes, sealer: Sealer) -> DoseImport:
    """Keep a file, sealed, for a day at most. Raises ``FileUnreadable``."""
    now = clock.now()
    row = DoseImport(
        id=new_id(),
        organisation_id=organisation_id,
        uploaded_by=actor.account_id,
        uploaded_at=now,
        expires_at=now + KEPT,
        state=ImportState.COLUMNS,
        counts={},
        columns=None,
    )
    with transaction() as session:
        authorize(actor, Permission.DOSES_IMPORT, row)
        file = read_csv(data)
        row.encoding, row.header, row.rows = file.encoding, list(file.header), len(file.rows)
        row.columns = _remembered(session, actor, row) or guess_columns(file.header)
        session.add(row)
        session.flush()
        _write_parts(session, sealer, row, [file.rows])
        entity, detail = chain.Entity("import", row.id), {"rows": row.rows}
        chain.record(session, actor, Action.IMPORT_UPLOADED, entity, detail=detail)
        return row


def choose_columns(
    actor: Actor, import_id: UUID, columns: Mapping[str, int], sealer: Sealer
) -> DoseImport:
    """Say what the columns mean; remembered for files with the same heading line."""
    with transaction() as session:
        row = file_at(session, actor, import_id, ImportState.COLUMNS)
        authorize(actor, Permission.DOSES_IMPORT, row)
        if missing := problems_of(columns, len(row.header)):
            raise ColumnsMissing(missing)
        row.columns, row.state = dict(columns), ImportState.CHECKING
        _remember(session, actor, row)
        parts = queries.parts_of(session, actor, row)
        rows = [line for part in parts for line in opened(sealer, row, part)]
        _write_parts(session, sealer, row, _by_child(rows, columns, len(row.header)))
        return row


def check_next(actor: Actor, import_id: UUID, sealer: Sealer) -> DoseImport:
    """Look at the next part of the file; after the last one it is ready."""
    with transaction() as session:
        row = file_at(session, actor, import_id, ImportState.CHECKING)
        authorize(actor, Permission.DOSES_IMPORT, row)
        waiting = [part for part in queries.parts_of(session, actor, row) if part.findings is None]
        if waiting:
            findings = look_at(session, actor, row, opened(sealer, row, waiting[0]))
            kept = [_kept(finding) for finding in findings if finding.code != csv_rows.NEW]
            waiting[0].findings = sealed(sealer, row, kept)
            row.counts = dict(Counter(row.counts) + Counter(f.code for f in findings))
        if len(waiting) <= 1:
            row.state = ImportState.READY
            entity, detail = chain.Entity("import", row.id), {"rows": row.rows}
            chain.record(session, actor, Action.IMPORT_CHECKED, entity, detail=detail)
        return row


def discard(actor: Actor, import_id: UUID) -> None:
    """Throw the file away; nothing was recorded."""
    with transaction() as session:
        row = queries.dose_import(session, actor, import_id, to_change=True)
        authorize(actor, Permission.DOSES_IMPORT, row)
        if row.state not in queries.WAITING:
            raise ImportElsewhere(row.state)
        if row.bulk_entry_id is not None:
            import_queries.take_away(session, row.bulk_entry_id)
        for part in queries.parts_of(session, actor, row):
            session.delete(part)
        row.state = ImportState.DISCARDED
        session.flush()
        chain.record(session, actor, Action.IMPORT_DISCARDED, chain.Entity("import", row.id))


def _kept(finding: Finding) -> dict[str, Any]:
    number = finding.child.handbook_number if finding.child else None
    return {
        "line": finding.line,
        "code": finding.code,
        "number": number,
        "product": finding.entry.product if finding.entry else None,
        "given_on": finding.entry.given_on.isoformat() if finding.entry else None,
        "lot": finding.entry.lot if finding.entry else None,
        "words": finding.words,
        "copy": _copy_of(finding),
    }


def _copy_of(finding: Finding) -> dict[str, Any] | None:
    differs = finding.differs
    if differs is None:
        return None
    return {
        "product": differs.product,
        "given_on": differs.given_on.isoformat(),
        "lot": differs.lot,
        "may_be_further": differs.may_be_further,
    }


def _by_child(
    rows: Sequence[Cells], columns: Mapping[str, int], width: int
) -> Iterator[list[Cells]]:
    """Parts of about ``PART`` rows, never one child in two of them."""
    families: dict[str, list[Cells]] = {}
    for line in rows:
        values = values_of(line[1], columns, width)
        key = csv_rows.folded(values["born_on"]) + csv_rows.child_key(values) if values else ""
        families.setdefault(key, []).append(line)
    part: list[Cells] = []
    for lines in families.values():
        part += lines
        if len(part) >= PART:
            yield part
            part = []
    if part:
        yield part


def _write_parts(
    session: Session, sealer: Sealer, row: DoseImport, parts: Iterable[Sequence[Cells]]
) -> None:
    import_queries.drop_parts(session, row)
    for number, lines in enumerate(parts):
        content = sealed(sealer, row, list(lines))
        session.add(DoseImportPart(import_id=row.id, number=number, content=content))
    session.flush()


def _digest(row: DoseImport) -> str:
    return sha256_hex("\x1f".join(row.header).encode())


def _remembered(session: Session, actor: Actor, row: DoseImport) -> dict[str, int] | None:
    known = import_queries.columns_named(session, actor, row.organisation_id, _digest(row))
    return dict(known.columns) if known else None


def _remember(session: Session, actor: Actor, row: DoseImport) -> None:
    digest = _digest(row)
    known = import_queries.columns_named(session, actor, row.organisation_id, digest)
    kept = known or ImportColumns(
        id=new_id(), organisation_id=row.organisation_id, header_digest=digest
    )
    kept.columns = dict(row.columns or {})
    session.add(kept)
