"""What the health center sees of reminders: what was sent, what stops them, what to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import reading
from app.family.models import Child
from app.family.queries import by_district, children_visible_to, visible_child
from app.family.standing import QuietPeriod
from app.immunization.objections import Contraindication, Refusal
from app.immunization.standing import AT_EASE
from app.immunization.standing_queries import read_standings
from app.immunization.standings import overviews_of
from app.messagebox.queries import letters_for
from app.notifications.queries import channel_kinds, deliveries_for
from app.reminders import queries
from app.reminders.models import Reminder
from app.reminders.nightly import occasion_of
from app.reminders.rules import Rules, load_rules
from app.reminders.service import StopKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.overview import Overview
    from app.immunization.standing import Silence
    from app.messagebox.models import Letter
    from app.notifications.models import Channel, Delivery
    from app.reminders.queries import Stop


@dataclass(frozen=True)
class ShownStop:
    """One stop. ``group``: the vaccine it is about; ``guardian``: whom it is about."""

    id: UUID
    kind: StopKind
    from_on: date
    until_on: date | None
    group: str | None
    guardian: str | None


@dataclass(frozen=True)
class SentReminder:
    """One row of the ledger with what became of it. ``opened``: somebody has read the letter."""

    reminder: Reminder
    letters: int
    opened: int
    deliveries: Sequence[tuple[Delivery, Channel]]


@dataclass(frozen=True)
class ChildReminders:
    """A child's reminders. ``guardians``: account and name; ``channels``: how they can be told."""

    child: Child
    silence: Silence | None
    stops: Sequence[ShownStop]
    sent: Sequence[SentReminder]
    guardians: Sequence[tuple[UUID, str]]
    channels: Sequence[Channel]
    rules: Rules


@dataclass(frozen=True)
class PaperLetter:
    """One child's printed letter: recommended vaccines with the day to keep in mind.

    ``bring_book``: a day it names rests on doses that only the family has written.
    """

    child: Child
    reminders: Sequence[Reminder]
    bring_book: bool


@dataclass(frozen=True)
class PaperPage:
    """Everything that waits for the printer."""

    letters: Sequence[PaperLetter]
    day: date

    @property
    def reminder_ids(self) -> tuple[UUID, ...]:
        """What is marked when it was printed."""
        return tuple(one.id for letter in self.letters for one in letter.reminders)


def child_reminders(actor: Actor, child_id: UUID) -> ChildReminders:
    """What was sent about one child, and what stops it."""
    with reading() as session:
        child = visible_child(session, actor, child_id)
        authorize(actor, Permission.REMINDER_READ, child)
        guardians = queries.guardians_of(session, child, actor.today)
        names = {account_id: person.name for account_id, person in guardians}
        standing = read_standings(session, [child.id], actor.today).get(child.id, AT_EASE)
        rows = session.scalars(
            queries.reminders_visible_to(actor).where(Reminder.child_id == child.id)
        ).all()
        return ChildReminders(
            child=child,
            silence=standing.silence,
            stops=[_stop(one, names) for one in queries.stops_of(session, child)],
            sent=_with_letters(session, rows, tuple(names)),
            guardians=tuple(names.items()),
            channels=channel_kinds(session, tuple(names)),
            rules=load_rules(),
        )


def paper(actor: Actor) -> PaperPage:
    """Letters for families whom nothing else reaches."""
    authorize(actor, Permission.REMINDER_PRINT)
    with reading() as session:
        rows = session.scalars(queries.to_print_visible_to(actor)).all()
        by_child: dict[UUID, list[Reminder]] = {}
        for row in rows:
            by_child.setdefault(row.child_id, []).append(row)
        children = session.scalars(
            children_visible_to(actor).where(Child.id.in_(by_child)).order_by(*by_district())
        ).unique()
        listed = list(children)
        overviews = overviews_of(session, actor, listed)
        letters = [_letter(child, by_child[child.id], overviews[child.id]) for child in listed]
    return PaperPage(letters, actor.today)


def _letter(child: Child, rows: Sequence[Reminder], overview: Overview) -> PaperLetter:
    resting = overview.unconfirmed()
    return PaperLetter(child, rows, any(row.group in resting for row in rows))


def _with_letters(
    session: Session, rows: Sequence[Reminder], accounts: Sequence[UUID]
) -> list[SentReminder]:
    days = {row.id: occasion_of(clock.japanese_day(row.sent_at)) for row in rows if row.sent_at}
    occasions = set(days.values())
    letters = letters_for(session, accounts, occasions)
    deliveries = deliveries_for(session, accounts, occasions)
    return [_sent(row, days.get(row.id), letters, deliveries) for row in rows]


def _sent(
    row: Reminder,
    occasion: str | None,
    letters: Sequence[Letter],
    deliveries: Sequence[tuple[Delivery, Channel]],
) -> SentReminder:
    own = [letter for letter in letters if letter.occasion == occasion]
    return SentReminder(
        reminder=row,
        letters=len(own),
        opened=sum(letter.opened_at is not None for letter in own),
        deliveries=[pair for pair in deliveries if pair[0].occasion == occasion],
    )


def _stop(row: Stop, names: dict[UUID, str]) -> ShownStop:
    if isinstance(row, QuietPeriod):
        kind, group, guardian = StopKind(row.reason.value), None, None
    elif isinstance(row, Refusal):
        kind, group, guardian = StopKind.REFUSED, row.group, None
    elif isinstance(row, Contraindication):
        kind, group, guardian = StopKind.CONTRAINDICATED, row.group, None
    else:
        kind, group, guardian = StopKind(row.kind.value), None, names.get(row.account_id, "")
    return ShownStop(row.id, kind, row.from_on, row.until_on, group, guardian)
