"""The nightly round of one municipality: plan in pages, then send family by family.

Nothing here is scheduled ahead. A planned row is only tonight's intention: before anything leaves,
the child is looked at again, and what is no longer right is dropped.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import reading, transaction
from app.core.ids import new_id
from app.messagebox.models import LetterKind
from app.messagebox.posting import Draft, post_letter
from app.messagebox.queries import letters_for
from app.notifications import ledger
from app.notifications.models import DeliveryKind
from app.notifications.queries import live_channels
from app.reminders import queries
from app.reminders.facts import Unreadable, plan_for, read_facts
from app.reminders.family import Family, family_of
from app.reminders.models import Reminder
from app.reminders.plan import NOTHING_SAID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.crypto.sealing import Sealer
    from app.reminders.facts import Facts
    from app.reminders.plan import Notice
    from app.reminders.queries import ChildRow

log = structlog.get_logger(__name__)

PAGE = 1000
OLDEST_YEARS = 20
"""No routine vaccine is given at twenty or later (the JE measure ends there)."""

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class PlannedPage:
    """One page of children: the last id (None at the end), and what came of it."""

    last: UUID | None
    children: int = 0
    reminders: int = 0
    unreadable: int = 0


def occasion_of(day: date) -> str:
    """What letters and deliveries of one day's reminders are told by: one a person and day."""
    return f"reminder:{day.isoformat()}"


def plan_page(municipality_id: UUID, after: UUID | None, day: date) -> PlannedPage:
    """Plan the next page of a municipality's children. Safe to repeat."""
    born = date(day.year - OLDEST_YEARS, 1, 1), day
    with reading() as session:
        children = queries.page_of_children(session, municipality_id, after, born, PAGE)
        if not children:
            return PlannedPage(None)
        which = queries.children_between(municipality_id, children[0].id, children[-1].id)
        every = read_facts(session, children, which, day)
    with _collector_at_rest():
        rows, unreadable = _judge_all(every, day)
    return PlannedPage(children[-1].id, len(children), _store(rows), unreadable)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Judging leaves no cycles, and the collector would walk over all the plans kept each time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _judge_all(every: Iterable[Facts], day: date) -> tuple[list[dict[str, object]], int]:
    """Rows for the ledger, and how many children could not be judged."""
    rows: list[dict[str, object]] = []
    unreadable = 0
    for facts in every:
        planned = plan_for(facts, day)
        if isinstance(planned, Unreadable):
            log.warning("reminders.unreadable", child=str(planned.child_id), code=planned.code)
            unreadable += 1
        else:
            rows += [_row(facts.child, notice) for notice in planned]
    return rows, unreadable


def _row(child: ChildRow, notice: Notice) -> dict[str, object]:
    return {
        "id": new_id(),
        "child_id": child.id,
        "municipality_id": child.municipality_id,
        "group": notice.group,
        "target": notice.target,
        "stage": notice.stage,
        "due_on": notice.due_on,
        "planned_at": clock.now(),
        "on_paper": False,
    }


def _store(rows: list[dict[str, object]]) -> int:
    """Write what is not in the ledger yet, many rows a statement; how many those were."""
    if not rows:
        return 0
    table = Reminder.__table__
    with transaction() as session:
        insert = _INSERT[session.get_bind().dialect.name]
        new = insert(table).on_conflict_do_nothing().returning(table.c.id)
        return len(session.connection().execute(new, rows).all())


@dataclass(frozen=True)
class SentFamily:
    """One family: the child that led to it (None at the end), and how many reminders were sent."""

    child_id: UUID | None
    reminders: int = 0


def send_next_family(
    municipality_id: UUID, after: UUID | None, day: date, sealer: Sealer
) -> SentFamily:
    """Send what is planned for the next family: letters, deliveries and ledger in one transaction.

    A family that was written to today waits until tomorrow: one digest a family and day.
    """
    with transaction() as session:
        child_id = queries.next_waiting_child(session, municipality_id, after)
        if child_id is None:
            return SentFamily(None)
        family = family_of(session, child_id, day)
        if letters_for(session, family.accounts, [occasion_of(day)]):
            return SentFamily(child_id)
        rows = _still_right(session, family, day)
        _write(session, family, rows, sealer, day)
        return SentFamily(child_id, len(rows))


def _still_right(session: Session, family: Family, day: date) -> list[Reminder]:
    """Planned rows that hold now, with today's dates; the others are dropped from the ledger."""
    rows = queries.waiting_reminders(session, family.children)
    children = queries.children_by_id(session, family.children)
    now: dict[tuple[UUID, object], Notice] = {}
    for facts in read_facts(session, children, family.children, day):
        planned = plan_for(facts, day, NOTHING_SAID)
        if not isinstance(planned, Unreadable):
            now.update({(facts.child.id, notice.key): notice for notice in planned})
    kept = []
    for row in rows:
        notice = now.get((row.child_id, (row.group, row.target, row.stage)))
        if notice is None:
            session.delete(row)
        else:
            row.due_on = notice.due_on
            kept.append(row)
    return kept


def _write(
    session: Session, family: Family, rows: list[Reminder], sealer: Sealer, day: date
) -> None:
    channels = live_channels(session, family.accounts)
    reached = {channel.account_id for channel in channels}
    at = clock.now()
    for row in rows:
        row.sent_at = at
        row.on_paper = not reached & family.told_of(row.child_id)
    session.flush()
    written = set()
    for account_id, own in _by_account(family, rows).items():
        post_letter(session, _draft(account_id, own, day), sealer)
        written.add(account_id)
    told = [channel for channel in channels if channel.account_id in written]
    ledger.enqueue(session, told, DeliveryKind.REMINDER, occasion_of(day))


def _by_account(family: Family, rows: Iterable[Reminder]) -> Mapping[UUID, Sequence[Reminder]]:
    found: dict[UUID, list[Reminder]] = {}
    for row in rows:
        for account_id in sorted(family.told_of(row.child_id)):
            found.setdefault(account_id, []).append(row)
    return found


def _draft(account_id: UUID, rows: Sequence[Reminder], day: date) -> Draft:
    items = [
        {
            "child": str(row.child_id),
            "group": row.group,
            "target": row.target,
            "stage": row.stage.value,
            "due_on": row.due_on.isoformat(),
        }
        for row in sorted(rows, key=lambda row: row.due_on)
    ]
    sender = rows[0].municipality_id
    return Draft(account_id, sender, LetterKind.REMINDER, occasion_of(day), {"items": items})
