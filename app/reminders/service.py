"""Use cases of the health center: stop reminders, let them go on, print what has no other way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.family.queries import visible_child
from app.family.standing import QuietPeriod, QuietReason, Restriction, RestrictionKind
from app.immunization.objections import Contraindication, Refusal
from app.immunization.schedule import load_schedule
from app.reminders import queries
from app.reminders.errors import GuardianNotFound, ImpossibleStop, StopNotFound
from app.reminders.models import Reminder

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.reminders.queries import Stop


class StopKind(StrEnum):
    """Why reminders stop: four silence the child, two one vaccine, three one guardian."""

    LOSS = "loss"
    DECEASED = "deceased"
    HOSPITAL = "hospital"
    ASKED = "asked"
    REFUSED = "refused"
    CONTRAINDICATED = "contraindicated"
    VIOLENCE = "violence"
    CUSTODY = "custody"
    NO_CONTACT = "no_contact"


OF_ONE_VACCINE = frozenset({StopKind.REFUSED, StopKind.CONTRAINDICATED})
OF_ONE_GUARDIAN = frozenset({StopKind.VIOLENCE, StopKind.CUSTODY, StopKind.NO_CONTACT})


@dataclass(frozen=True)
class StopEntry:
    """One stop as typed. ``group``: for one vaccine; ``account_id``: for one guardian."""

    kind: StopKind
    from_on: date
    until_on: date | None = None
    group: str | None = None
    account_id: UUID | None = None


def stop_reminders(actor: Actor, child_id: UUID, entry: StopEntry) -> UUID:
    """From that day on nothing is sent; what is planned is dropped when it is looked at again."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.REMINDER_STOP, child)
        _require_possible(child, entry)
        row = _row(actor, child, entry)
        session.add(row)
        session.flush()
        entity = chain.Entity("child", child.id, child.person_id)
        detail = {"kind": entry.kind.value, "stop": str(row.id)}
        chain.record(session, actor, Action.REMINDERS_STOPPED, entity, detail=detail)
        return row.id


def resume_reminders(actor: Actor, child_id: UUID, stop_id: UUID) -> None:
    """End one stop: yesterday was its last day. The row stays. Raises ``StopNotFound``."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.REMINDER_STOP, child)
        row = next((one for one in queries.stops_of(session, child) if one.id == stop_id), None)
        if row is None:
            raise StopNotFound(str(stop_id))
        row.until_on = actor.today - timedelta(days=1)
        entity = chain.Entity("child", child.id, child.person_id)
        detail = {"stop": str(stop_id), "from": row.from_on.isoformat()}
        chain.record(session, actor, Action.REMINDERS_RESUMED, entity, detail=detail)


def mark_printed(actor: Actor, reminder_ids: Collection[UUID]) -> int:
    """The letters for these were printed; how many were still waiting for it."""
    authorize(actor, Permission.REMINDER_PRINT)
    with transaction() as session:
        rows = session.scalars(
            queries.to_print_visible_to(actor).where(Reminder.id.in_(reminder_ids))
        ).all()
        for row in rows:
            row.printed_at = clock.now()
        session.flush()
        if rows:
            entity = chain.Entity("reminders")
            detail = {"printed": len(rows)}
            chain.record(session, actor, Action.REMINDERS_PRINTED, entity, detail=detail)
        return len(rows)


def _require_possible(child: Child, entry: StopEntry) -> None:
    if entry.until_on is not None and entry.until_on < entry.from_on:
        raise ImpossibleStop("the days run backwards")
    if entry.kind in OF_ONE_VACCINE and entry.group not in load_schedule().groups:
        raise ImpossibleStop("a vaccine is missing")
    if entry.kind in OF_ONE_GUARDIAN and entry.account_id not in child.guardian_account_ids:
        raise GuardianNotFound("nobody guards the child with this account")


def _row(actor: Actor, child: Child, entry: StopEntry) -> Stop:
    known = {
        "id": new_id(),
        "child_id": child.id,
        "from_on": entry.from_on,
        "until_on": entry.until_on,
        "decided_by": actor.account_id,
    }
    match entry.kind:
        case StopKind.REFUSED:
            return Refusal(group=entry.group, **known)
        case StopKind.CONTRAINDICATED:
            return Contraindication(group=entry.group, **known)
        case StopKind.VIOLENCE | StopKind.CUSTODY | StopKind.NO_CONTACT:
            kind = RestrictionKind(entry.kind.value)
            return Restriction(account_id=entry.account_id, kind=kind, **known)
        case _:
            return QuietPeriod(reason=QuietReason(entry.kind.value), **known)
