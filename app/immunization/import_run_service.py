"""Writing a checked file, a step a transaction, so that others can write in between.

Doses of a file that is not written to its end are kept as superseded: nobody sees them. The last
part written, one statement publishes them all; then the worklist follows, some children a step.
A process killed anywhere leaves a state from which the next step goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.family.placing import place
from app.immunization import csv_rows, import_queries, queries, worklist
from app.immunization.entry import dose_of
from app.immunization.errors import CorrectionReasonNeeded, ImportElsewhere
from app.immunization.import_parts import (
    districts_of,
    file_at,
    keep_choices,
    keep_districts,
    look_at,
    looked_at,
    opened,
)
from app.immunization.import_service import KEPT
from app.immunization.models import BulkEntry, BulkKind, DoseImport, ImportState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.core.provenance import Source
    from app.crypto.sealing import Sealer
    from app.family.models import Child
    from app.immunization.csv_rows import Finding, Looked
    from app.immunization.family_copies import AboutCopy, Settled
    from app.immunization.models import Dose, DoseImportPart

CHILDREN_A_STEP = 1000


@dataclass(frozen=True)
class ImportChoices:
    """Whose records they are, why doubtful rows are taken over, what rows that differ are."""

    source: Source
    reason: str | None = None
    about_copies: Mapping[int, AboutCopy] = field(default_factory=dict)


def start_import(
    actor: Actor, import_id: UUID, choices: ImportChoices, sealer: Sealer
) -> DoseImport:
    """Begin to record every row that can be; doubtful and decided ones with the reason."""
    with transaction() as session:
        row = file_at(session, actor, import_id, ImportState.READY)
        authorize(actor, Permission.DOSES_IMPORT, row)
        parts = queries.parts_of(session, actor, row)
        decided = keep_choices(row, parts, choices.about_copies, sealer)
        if (row.counts.get(csv_rows.AGAINST) or decided) and not (choices.reason or "").strip():
            raise CorrectionReasonNeeded("doubtful rows are taken over with a reason")
        bulk = _bulk_of(actor, row)
        session.add(bulk)
        session.flush()
        row.state, row.bulk_entry_id = ImportState.WRITING, bulk.id
        row.source, row.reason = choices.source, choices.reason
        row.expires_at = clock.now() + KEPT
        return row


def go_on(actor: Actor, import_id: UUID, sealer: Sealer) -> DoseImport:
    """One more step: a part, the publication, or some children of the worklist."""
    with transaction() as session:
        row = queries.dose_import(session, actor, import_id, to_change=True)
        authorize(actor, Permission.DOSES_IMPORT, row)
        bulk = session.get(BulkEntry, row.bulk_entry_id) if row.bulk_entry_id else None
        if bulk is None or row.state not in {ImportState.WRITING, ImportState.LISTING}:
            raise ImportElsewhere(row.state)
        if row.state is ImportState.LISTING:
            _list_next(session, actor, row, bulk)
        elif (part := import_queries.next_part(session, row)) is not None:
            _write_part(session, actor, row, part, sealer)
        else:
            _place_children(session, actor, row, sealer)
            _publish(session, actor, row, bulk)
        return row


def _write_part(
    session: Session, actor: Actor, row: DoseImport, part: DoseImportPart, sealer: Sealer
) -> None:
    """What was doubtful when it was looked at keeps the reason."""
    looked = looked_at(row, part, sealer)
    found = look_at(session, actor, row, opened(sealer, row, part), looked)
    entities = _write(session, actor, row, found, looked)
    if not keep_districts(row, part, found, sealer):
        session.delete(part)
    session.flush()
    chain.record_each(session, actor, Action.DOSE_RECORDED, entities)


def _write(
    session: Session, actor: Actor, row: DoseImport, found: Sequence[Finding], looked: Looked
) -> list[chain.Entity]:
    entities = []
    for one in found:
        if one.code in csv_rows.TO_WRITE and one.child and one.settled and row.source:
            authorize(actor, Permission.DOSE_RECORD, one.child)
            dose = _unpublished(actor, row, one.child, one.settled, row.source)
            with_reason = one.code == csv_rows.AGAINST or one.line in looked.about_copies
            dose.reason = row.reason if with_reason else None
            session.add(dose)
            entities.append(chain.Entity("dose", dose.id, one.child.person_id))
    return entities


def _unpublished(
    actor: Actor, row: DoseImport, child: Child, settled: Settled, source: Source
) -> Dose:
    """A dose nobody sees yet; one that confirms a family's entry waits to be its next version."""
    dose = dose_of(actor, child, settled.entry, source, bulk=row.bulk_entry_id)
    dose.recorded_by, dose.superseded_at = None, dose.recorded_at
    if settled.copy is not None:
        dose.lineage_id, dose.version = settled.copy.lineage_id, queries.WAITS_FOR_COPY
    return dose


def _place_children(session: Session, actor: Actor, row: DoseImport, sealer: Sealer) -> None:
    """Where the file says that children live, published with its doses; an undo leaves that."""
    parts = queries.parts_of(session, actor, row)
    said = districts_of(row, parts, sealer)
    for child in import_queries.children_to_place(session, actor, sorted(said)):
        authorize(actor, Permission.CHILD_PLACE, child)
        place(session, actor, child, said[child.id])
    import_queries.drop_parts(session, row)


def _publish(session: Session, actor: Actor, row: DoseImport, bulk: BulkEntry) -> None:
    import_queries.hold_children(session, bulk)
    import_queries.let_stale_go(session, bulk)
    import_queries.drop_known(session, bulk)
    import_queries.find_copies(session, bulk)
    import_queries.confirm_copies(session, bulk, clock.now())
    import_queries.publish(session, bulk)
    bulk.doses = import_queries.count_written(session, bulk.id)
    bulk.recorded_at, row.state = clock.now(), ImportState.LISTING
    session.flush()
    entity, detail = chain.Entity("bulk_entry", bulk.id), {"doses": bulk.doses}
    chain.record(session, actor, Action.DOSES_RECORDED, entity, detail=detail)


def _list_next(session: Session, actor: Actor, row: DoseImport, bulk: BulkEntry) -> None:
    children = import_queries.children_to_list(session, bulk, row.cursor, CHILDREN_A_STEP)
    worklist.refresh(session, children, actor.today)
    if len(children) == CHILDREN_A_STEP:
        row.cursor = children[-1].id
    else:
        row.state = ImportState.IMPORTED


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
