"""Taking back what one entry of many doses brought, some children a step.

Others can write in between, and no step is larger than another. All doses of a child go in one
transaction with its worklist, so that no page shows half of one child's. What is left is what is
still current: a process killed anywhere leaves a state from which the next step goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.immunization import queries, undo_queries, worklist
from app.immunization.errors import AlreadyUndone, UndoNotStarted
from app.immunization.family_copy_queries import copies_confirmed_by
from app.immunization.versions import next_version, required_reason, restore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.models import BulkEntry

CHILDREN_A_STEP = 100


def start_undo(actor: Actor, entry_id: UUID, reason: str | None) -> BulkEntry:
    """Begin to take back every dose that this entry brought, corrected since or not."""
    with transaction() as session:
        bulk = queries.bulk_entry(session, actor, entry_id, to_change=True)
        authorize(actor, Permission.DOSES_UNDO, bulk)
        if bulk.undo_started_at is not None:
            raise AlreadyUndone(str(entry_id))
        bulk.undo_reason = required_reason(reason)
        bulk.undo_started_at, bulk.undone_by = clock.now(), actor.account_id
        return bulk


def undo_next(actor: Actor, entry_id: UUID) -> BulkEntry:
    """Take back the doses of the next children; the step that finds no further ones ends it.

    What the entry confirmed is again the family's own entry, as it was.
    """
    with transaction() as session:
        bulk = queries.bulk_entry(session, actor, entry_id, to_change=True)
        authorize(actor, Permission.DOSES_UNDO, bulk)
        if bulk.undo_started_at is None:
            raise UndoNotStarted(str(entry_id))
        if bulk.undone_at is not None:
            raise AlreadyUndone(str(entry_id))
        children = undo_queries.children_to_undo(session, actor, bulk, CHILDREN_A_STEP)
        entities = _void(session, actor, bulk, children)
        bulk.undone_doses += len(entities)
        if len(children) < CHILDREN_A_STEP:
            bulk.undone_at = clock.now()
        session.flush()
        chain.record_each(session, actor, Action.DOSE_VOIDED, entities)
        if bulk.undone_at is not None:
            entity, detail = chain.Entity("bulk_entry", bulk.id), {"doses": bulk.undone_doses}
            chain.record(session, actor, Action.DOSES_UNDONE, entity, detail=detail)
        return bulk


def _void(
    session: Session, actor: Actor, bulk: BulkEntry, children: Sequence[Child]
) -> list[chain.Entity]:
    """A last version for every dose the entry brought these; what audit is told about each."""
    entities, known = [], {child.id: child for child in children}
    copies = copies_confirmed_by(session, actor, bulk, known)
    for dose in undo_queries.doses_of_bulk(session, actor, bulk, known):
        row = next_version(session, actor, dose, reason=bulk.undo_reason, voided=True)
        if (copy := copies.get(dose.lineage_id)) is not None:
            restore(row, copy)
        entities.append(chain.Entity("dose", row.id, known[dose.child_id].person_id))
    worklist.refresh(session, children, actor.today)
    return entities
