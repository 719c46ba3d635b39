"""Use cases that change the record of doses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.core.provenance import Source
from app.family.queries import visible_child
from app.immunization import queries
from app.immunization.errors import (
    AlreadyRecorded,
    DoseBeforeBirth,
    DoseInFuture,
    ReasonNeeded,
    UnknownProduct,
)
from app.immunization.models import Dose
from app.immunization.preshot import check_before_shot
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child


@dataclass(frozen=True)
class DoseEntry:
    """One administered dose as somebody typed it."""

    product: str
    given_on: date
    lot: str | None = None
    facility: str | None = None
    reason: str | None = None


def record_dose(actor: Actor, child_id: UUID, entry: DoseEntry) -> Dose:
    """Add one administered dose to the child's record, whatever its verdict.

    A dose the schedule speaks against is recorded too, with the reason: raises ``ReasonNeeded``.
    """
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.DOSE_RECORD, child)
        earlier = queries.doses_of(session, actor, child)
        _require_possible(child, entry, earlier)
        _require_reason(child, entry, earlier)
        dose_id = new_id()
        dose = Dose(
            id=dose_id,
            lineage_id=dose_id,
            version=1,
            child_id=child.id,
            product=entry.product,
            given_on=entry.given_on,
            lot=entry.lot,
            facility=entry.facility,
            reason=entry.reason,
            source=Source.HEALTH_CENTER,
            recorded_at=clock.now(),
            recorded_by=actor.account_id,
            organisation_id=child.municipality_id,
        )
        session.add(dose)
        session.flush()
        entity = chain.Entity("dose", dose.id, child.person_id)
        chain.record(session, actor, Action.DOSE_RECORDED, entity)
        return dose


def _require_possible(child: Child, entry: DoseEntry, earlier: Sequence[Dose]) -> None:
    if entry.product not in load_schedule().products:
        raise UnknownProduct(entry.product)
    if entry.given_on > clock.today():
        raise DoseInFuture(entry.given_on)
    if entry.given_on < child.person.born_on:
        raise DoseBeforeBirth(entry.given_on)
    if any(d.product == entry.product and d.given_on == entry.given_on for d in earlier):
        raise AlreadyRecorded("same vaccine on the same day")


def _require_reason(child: Child, entry: DoseEntry, earlier: Sequence[Dose]) -> None:
    schedule = load_schedule()
    check = check_before_shot(
        schedule,
        born_on=child.person.born_on,
        sex=queries.schedule_sex(child),
        given=queries.given_doses(earlier),
        product=entry.product,
        on=entry.given_on,
    )
    voluntary = check.verdict is None and schedule.products[entry.product].voluntary
    if not check.is_clear and not voluntary and not entry.reason:
        raise ReasonNeeded(check)
