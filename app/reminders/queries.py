"""Reads of the nightly round, for many children at once, and of the ledger."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sqlalchemy import Select, func, or_, select

from app.authz.actor import Role
from app.core import clock
from app.family.models import Child, Guardianship
from app.family.queries import children_visible_to, may_be_told_of
from app.family.standing import QuietPeriod, Restriction
from app.identity.models import Account, Person, Sex
from app.immunization.models import Dose
from app.immunization.objections import Contraindication, Refusal
from app.reminders.models import Reminder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from app.authz.actor import Actor
    from app.immunization.standing_queries import Which
    from app.reminders.plan import Stage

Stop: TypeAlias = "QuietPeriod | Refusal | Contraindication | Restriction"


class ChildRow(NamedTuple):
    """What the engine needs of a child, and the municipality that keeps the handbook."""

    id: UUID
    born_on: date
    sex: Sex
    municipality_id: UUID


def _rows() -> Select[UUID, date, Sex, UUID]:
    return select(Child.id, Person.born_on, Person.sex, Child.municipality_id).join(
        Person, Person.id == Child.person_id
    )


def page_of_children(
    session: Session, municipality_id: UUID, after: UUID | None, born: tuple[date, date], size: int
) -> list[ChildRow]:
    """A municipality's children born from one day to another, behind one id, by id."""
    first, last = born
    query = _rows().where(
        Child.municipality_id == municipality_id, Person.born_on.between(first, last)
    )
    if after is not None:
        query = query.where(Child.id > after)
    return [ChildRow._make(row) for row in session.execute(query.order_by(Child.id).limit(size))]


def children_between(municipality_id: UUID, first: UUID, last: UUID) -> Select[UUID]:
    """Ids of a municipality's children from one id to another."""
    return select(Child.id).where(
        Child.municipality_id == municipality_id, Child.id.between(first, last)
    )


def children_by_id(session: Session, ids: Collection[UUID]) -> list[ChildRow]:
    """A handful of children, by id."""
    rows = session.execute(_rows().where(Child.id.in_(ids)).order_by(Child.id))
    return [ChildRow._make(row) for row in rows]


def doses(session: Session, which: Which) -> Iterable[tuple[UUID, str, date]]:
    """Current doses: child, product, day. Straight from the driver: ten rows a child."""
    return session.connection().execute(
        select(Dose.child_id, Dose.product, Dose.given_on).where(
            Dose.child_id.in_(which), Dose.superseded_at.is_(None), Dose.voided.is_(False)
        )
    )


def said(session: Session, which: Which) -> Iterable[tuple[UUID, str, str, Stage, datetime]]:
    """What stands in the ledger: child, vaccine, dose, stage, when it was planned."""
    return session.execute(
        select(
            Reminder.child_id,
            Reminder.group,
            Reminder.target,
            Reminder.stage,
            Reminder.planned_at,
        ).where(Reminder.child_id.in_(which))
    )


def said_on(
    session: Session, child_ids: Collection[UUID], day: date
) -> Iterable[tuple[UUID, str, str]]:
    """What was sent on one Japanese day: child, vaccine, dose."""
    start = datetime.combine(day, time.min, clock.JST)
    return session.execute(
        select(Reminder.child_id, Reminder.group, Reminder.target).where(
            Reminder.child_id.in_(child_ids),
            Reminder.sent_at >= start,
            Reminder.sent_at < start + timedelta(days=1),
        )
    )


def recipients(
    session: Session, *, children: Collection[UUID] = (), accounts: Collection[UUID] = (), day: date
) -> Sequence[tuple[UUID, UUID]]:
    """Who may be told of whom: open account and child, for these children or these accounts."""
    restricted = select(Restriction.id).where(
        Restriction.child_id == Guardianship.child_id,
        Restriction.account_id == Guardianship.account_id,
        _holds(Restriction.from_on, Restriction.until_on, day),
    )
    rows = session.execute(
        select(Guardianship.account_id, Guardianship.child_id)
        .join(Account, Account.id == Guardianship.account_id)
        .where(
            or_(Guardianship.child_id.in_(children), Guardianship.account_id.in_(accounts)),
            _holds(Guardianship.from_on, Guardianship.until_on, day),
            Account.closed_at.is_(None),
            ~restricted.exists(),
        )
        .distinct()
    )
    return [(account_id, child_id) for account_id, child_id in rows]


def next_waiting_child(session: Session, municipality_id: UUID, after: UUID | None) -> UUID | None:
    """The next child of a municipality about whom something is planned and not sent."""
    query = select(Reminder.child_id).where(
        Reminder.municipality_id == municipality_id, Reminder.sent_at.is_(None)
    )
    if after is not None:
        query = query.where(Reminder.child_id > after)
    return session.scalar(query.order_by(Reminder.child_id).limit(1))


def waiting_reminders(session: Session, child_ids: Collection[UUID]) -> Sequence[Reminder]:
    """What is planned and not sent for these children, held until the transaction ends."""
    return session.scalars(
        select(Reminder)
        .where(Reminder.child_id.in_(child_ids), Reminder.sent_at.is_(None))
        .order_by(Reminder.id)
        .with_for_update()
    ).all()


def reminders_visible_to(actor: Actor) -> Select[Reminder]:
    """The ledger of children the actor may see, newest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return (
        select(Reminder)
        .where(Reminder.child_id.in_(children))
        .order_by(Reminder.planned_at.desc(), Reminder.id.desc())
    )


def reminder_counts(session: Session) -> tuple[int, int, int]:
    """How many reminders are planned and wait, were sent, and wait for the printer."""
    every, sent, paper = session.execute(
        select(
            func.count(Reminder.id),
            func.count(Reminder.sent_at),
            func.count(Reminder.id).filter(Reminder.on_paper, Reminder.printed_at.is_(None)),
        )
    ).one()
    return every - sent, sent, paper


def _holds(
    from_on: InstrumentedAttribute[date], until_on: InstrumentedAttribute[date | None], day: date
) -> ColumnElement[bool]:
    return (from_on <= day) & or_(until_on.is_(None), until_on >= day)


def stops_of(session: Session, child: Child) -> list[Stop]:
    """Everything that stops reminders about a child the caller was shown, today or later."""
    found: list[Stop] = []
    for table in (QuietPeriod, Refusal, Contraindication, Restriction):
        found += session.scalars(
            select(table)
            .where(
                table.child_id == child.id,
                or_(table.until_on.is_(None), table.until_on >= clock.today()),
            )
            .order_by(table.from_on, table.id)
        )
    return found


def guardians_of(session: Session, child: Child, day: date) -> Sequence[tuple[UUID, Person]]:
    """Accounts that guard a child the caller was shown, with whose they are."""
    rows = session.execute(
        select(Account.id, Person)
        .join(Guardianship, Guardianship.account_id == Account.id)
        .join(Person, Person.id == Account.person_id)
        .where(
            Guardianship.child_id == child.id,
            _holds(Guardianship.from_on, Guardianship.until_on, day),
        )
        .order_by(Person.family_kana, Person.given_kana)
    ).unique()
    return [(account_id, person) for account_id, person in rows]


def to_print_visible_to(actor: Actor) -> Select[Reminder]:
    """Reminders of the actor's own municipalities that wait for the printer, by child."""
    return (
        select(Reminder)
        .where(
            Reminder.municipality_id.in_(actor.organisations(Role.NURSE)),
            may_be_told_of(actor, Reminder.child_id),
            Reminder.on_paper,
            Reminder.printed_at.is_(None),
        )
        .order_by(Reminder.child_id, Reminder.due_on)
    )
