"""Taking over doses from a file: upload, columns, check, import in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.immunization import csv_rows, queries, worklist
from app.immunization.csv_file import guess_columns, problems_of, read_csv, values_of
from app.immunization.entry import dose_of
from app.immunization.errors import ColumnsMissing, CorrectionReasonNeeded, ImportElsewhere
from app.immunization.import_parts import kept_findings, opened, sealed
from app.immunization.models import (
    BulkEntry,
    BulkKind,
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
    from app.core.provenance import Source
    from app.crypto.sealing import Sealer
    from app.immunization.csv_rows import Cells, Finding

PART = 2000
KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Taken:
    """Who wrote what is taken over, and why doubtful rows are."""

    source: Source
    reason: str | None


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
        row = _at(session, actor, import_id, ImportState.COLUMNS)
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
        row = _at(session, actor, import_id, ImportState.CHECKING)
        authorize(actor, Permission.DOSES_IMPORT, row)
        waiting = [part for part in queries.parts_of(session, actor, row) if part.findings is None]
        if waiting:
            findings = _found(session, actor, row, opened(sealer, row, waiting[0]))
            kept = [_kept(finding) for finding in findings if finding.code != csv_rows.NEW]
            waiting[0].findings = sealed(sealer, row, kept)
            row.counts = dict(Counter(row.counts) + Counter(f.code for f in findings))
        if len(waiting) <= 1:
            row.state = ImportState.READY
            entity, detail = chain.Entity("import", row.id), {"rows": row.rows}
            chain.record(session, actor, Action.IMPORT_CHECKED, entity, detail=detail)
        return row


def run_import(
    actor: Actor, import_id: UUID, source: Source, reason: str | None, sealer: Sealer
) -> DoseImport:
    """Record every row that can be, in one transaction; the file itself goes."""
    with transaction() as session:
        row = _at(session, actor, import_id, ImportState.READY)
        authorize(actor, Permission.DOSES_IMPORT, row)
        if row.counts.get(csv_rows.AGAINST) and not (reason or "").strip():
            raise CorrectionReasonNeeded("doubtful rows are taken over with a reason")
        bulk = _bulk_of(actor, row)
        session.add(bulk)
        session.flush()
        entities = _write_all(session, actor, row, bulk, Taken(source, reason), sealer=sealer)
        bulk.doses = len(entities)
        row.state, row.bulk_entry_id = ImportState.IMPORTED, bulk.id
        session.flush()
        chain.record_each(session, actor, Action.DOSE_RECORDED, entities)
        entity, detail = chain.Entity("bulk_entry", bulk.id), {"doses": bulk.doses}
        chain.record(session, actor, Action.DOSES_RECORDED, entity, detail=detail)
        return row


def discard(actor: Actor, import_id: UUID) -> None:
    """Throw the file away; nothing was recorded."""
    with transaction() as session:
        row = queries.dose_import(session, actor, import_id, to_change=True)
        authorize(actor, Permission.DOSES_IMPORT, row)
        if row.state in {ImportState.IMPORTED, ImportState.DISCARDED}:
            raise ImportElsewhere(row.state)
        for part in queries.parts_of(session, actor, row):
            session.delete(part)
        row.state = ImportState.DISCARDED
        session.flush()
        chain.record(session, actor, Action.IMPORT_DISCARDED, chain.Entity("import", row.id))


def _at(session: Session, actor: Actor, import_id: UUID, state: ImportState) -> DoseImport:
    """The file, ours, if it stands where the page thought. Raises ``ImportElsewhere``."""
    row = queries.dose_import(session, actor, import_id, to_change=True)
    if row.state is not state:
        raise ImportElsewhere(row.state)
    return row


def _found(
    session: Session,
    actor: Actor,
    row: DoseImport,
    rows: Iterable[Cells],
    doubtful: frozenset[int] | None = None,
) -> list[Finding]:
    reading = csv_rows.Reading(
        row.columns or {},
        len(row.header),
        row.organisation_id,
        doubtful,
    )
    return csv_rows.find_rows(session, actor, rows, reading)


def _kept(finding: Finding) -> dict[str, Any]:
    number = finding.child.handbook_number if finding.child else None
    return {
        "line": finding.line,
        "code": finding.code,
        "number": number,
        "product": finding.entry.product if finding.entry else None,
        "words": finding.words,
    }


def _write_all(
    session: Session,
    actor: Actor,
    row: DoseImport,
    bulk: BulkEntry,
    taken: Taken,
    *,
    sealer: Sealer,
) -> list[chain.Entity]:
    """Every part in turn; what was doubtful when it was looked at keeps the reason."""
    entities: list[chain.Entity] = []
    for part in queries.parts_of(session, actor, row):
        doubtful = frozenset(
            one["line"]
            for one in kept_findings(row, [part], sealer)
            if one["code"] == csv_rows.AGAINST
        )
        found = _found(session, actor, row, opened(sealer, row, part), doubtful)
        entities += _write(session, actor, bulk, found, taken)
        session.delete(part)
    return entities


def _write(
    session: Session,
    actor: Actor,
    bulk: BulkEntry,
    found: Sequence[Finding],
    taken: Taken,
) -> list[chain.Entity]:
    entities, children = [], {}
    for one in found:
        if one.code in csv_rows.TO_WRITE and one.child and one.entry:
            authorize(actor, Permission.DOSE_RECORD, one.child)
            dose = dose_of(actor, one.child, one.entry, taken.source, bulk=bulk.id)
            dose.recorded_by = None
            dose.reason = taken.reason if one.code == csv_rows.AGAINST else None
            session.add(dose)
            entities.append(chain.Entity("dose", dose.id, one.child.person_id))
            children[one.child.id] = one.child
    worklist.refresh(session, list(children.values()), actor.today)
    return entities


def _bulk_of(actor: Actor, row: DoseImport) -> BulkEntry:
    return BulkEntry(
        id=row.id,
        kind=BulkKind.IMPORT,
        organisation_id=row.organisation_id,
        recorded_by=actor.account_id,
        recorded_at=clock.now(),
        doses=0,
        deferrals=0,
    )


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
    queries.drop_parts(session, row)
    for number, lines in enumerate(parts):
        content = sealed(sealer, row, list(lines))
        session.add(DoseImportPart(import_id=row.id, number=number, content=content))
    session.flush()


def _digest(row: DoseImport) -> str:
    return sha256_hex("\x1f".join(row.header).encode())


def _remembered(session: Session, actor: Actor, row: DoseImport) -> dict[str, int] | None:
    known = queries.columns_named(session, actor, row.organisation_id, _digest(row))
    return dict(known.columns) if known else None


def _remember(session: Session, actor: Actor, row: DoseImport) -> None:
    digest = _digest(row)
    known = queries.columns_named(session, actor, row.organisation_id, digest)
    kept = known or ImportColumns(
        id=new_id(), organisation_id=row.organisation_id, header_digest=digest
    )
    kept.columns = dict(row.columns or {})
    session.add(kept)
