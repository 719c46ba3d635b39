"""Use cases that correct the record: a next version, a void, a move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import transaction
from app.family.queries import children_with_ids, visible_child
from app.immunization import queries, worklist
from app.immunization.entry import DoseEntry, dose_of, require_possible
from app.immunization.errors import NothingCorrected, SameChild
from app.immunization.versions import next_version, required_reason

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.models import Dose


def correct_dose(actor: Actor, child_id: UUID, dose_id: UUID, entry: DoseEntry) -> Dose:
    """Write the next version of a dose, with the reason for it."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.DOSE_CORRECT, child)
        reason = required_reason(entry.reason)
        dose = queries.current_dose(session, actor, child, dose_id)
        if _says_the_same(dose, entry):
            raise NothingCorrected(str(dose_id))
        others = [d for d in queries.doses_of(session, actor, child) if d.id != dose.id]
        require_possible(child, entry, queries.given_doses(others))
        row = next_version(session, actor, dose, reason=reason, entry=entry)
        worklist.refresh(session, [child], actor.today)
        entity = chain.Entity("dose", row.id, child.person_id)
        chain.record(session, actor, Action.DOSE_CORRECTED, entity)
        return row


def void_dose(actor: Actor, child_id: UUID, dose_id: UUID, reason: str | None) -> None:
    """Take a dose back that was never given to this child."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.DOSE_CORRECT, child)
        dose = queries.current_dose(session, actor, child, dose_id)
        row = next_version(session, actor, dose, reason=required_reason(reason), voided=True)
        worklist.refresh(session, [child], actor.today)
        entity = chain.Entity("dose", row.id, child.person_id)
        chain.record(session, actor, Action.DOSE_VOIDED, entity)


def move_dose(
    actor: Actor, child_id: UUID, dose_id: UUID, to_child_id: UUID, reason: str | None
) -> Dose:
    """Take a dose back from the wrong child and record it for the right one, in one transaction."""
    with transaction() as session:
        ids = {child_id, to_child_id}
        children = children_with_ids(session, actor, ids, to_change=True)
        wrong, right = children[child_id], children[to_child_id]
        for child in (wrong, right):
            authorize(actor, Permission.DOSE_CORRECT, child)
        if wrong is right:
            raise SameChild(str(child_id))
        dose = queries.current_dose(session, actor, wrong, dose_id)
        voided = next_version(session, actor, dose, reason=required_reason(reason), voided=True)
        moved = _moved(session, actor, dose, right, voided.reason)
        worklist.refresh(session, [wrong, right], actor.today)
        chain.record(
            session, actor, Action.DOSE_VOIDED, chain.Entity("dose", voided.id, wrong.person_id)
        )
        chain.record(
            session, actor, Action.DOSE_MOVED, chain.Entity("dose", moved.id, right.person_id)
        )
        return moved


def _says_the_same(dose: Dose, entry: DoseEntry) -> bool:
    now = (dose.product, dose.given_on, dose.lot, dose.facility)
    return now == (entry.product, entry.given_on, entry.lot, entry.facility)


def _moved(session: Session, actor: Actor, dose: Dose, child: Child, reason: str | None) -> Dose:
    entry = DoseEntry(dose.product, dose.given_on, dose.lot, dose.facility)
    given = queries.given_doses(queries.doses_of(session, actor, child))
    require_possible(child, entry, given)
    entry = replace(entry, reason=reason)
    row = dose_of(actor, child, entry, dose.source, bulk=dose.bulk_entry_id)
    session.add(row)
    return row
