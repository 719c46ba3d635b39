"""The ledger of partitioned work: taken by one conditional UPDATE, carried on after a death."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import reading, transaction
from app.core.ids import new_id
from app.jobs import queries
from app.jobs.models import JobName, JobRun

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

LEASE = timedelta(minutes=2)
"""Renewed with every page; after it, a worker that fell silent has lost its run."""

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Held:
    """A run that is ours; go on behind the cursor."""

    id: UUID
    name: JobName
    municipality_id: UUID
    day: date
    attempt: int
    cursor: UUID | None


@dataclass(frozen=True)
class Step:
    """What one page came to. ``cursor`` None: there was nothing left."""

    cursor: UUID | None
    children: int = 0
    reminders: int = 0
    unreadable: int = 0


class RunLost(Exception):
    """The lease ran out and another worker took the run."""


def open_day(day: date) -> None:
    """One run for each municipality and kind of work; those that are there stay."""
    with transaction() as session:
        rows = [
            {
                "id": new_id(),
                "name": name,
                "municipality_id": municipality_id,
                "day": day,
                "created_at": clock.now(),
                "attempts": 0,
                "children": 0,
                "reminders": 0,
                "unreadable": 0,
            }
            for municipality_id in queries.municipality_ids(session)
            for name in JobName
        ]
        if rows:
            insert = _INSERT[session.get_bind().dialect.name]
            session.execute(insert(JobRun).on_conflict_do_nothing(), rows)


def take(name: JobName, day: date) -> Held | None:
    """The next run that nobody holds; None when all are held or finished."""
    while True:
        now = clock.now()
        with reading() as session:
            candidate = session.scalar(queries.open_runs(name, day, now).limit(1))
        if candidate is None:
            return None
        with transaction() as session:
            taken = session.execute(
                update(JobRun)
                .where(
                    JobRun.id == candidate.id,
                    JobRun.finished_at.is_(None),
                    JobRun.attempts == candidate.attempts,
                    or_(JobRun.held_until.is_(None), JobRun.held_until < now),
                )
                .values(held_until=now + LEASE, attempts=candidate.attempts + 1)
                .execution_options(synchronize_session=False)
            )
            if getattr(taken, "rowcount", 0):
                return _held(session.get_one(JobRun, candidate.id, populate_existing=True))


def _held(run: JobRun) -> Held:
    return Held(run.id, run.name, run.municipality_id, run.day, run.attempts, run.cursor)


def advance(held: Held, step: Step) -> None:
    """Write down a page and renew the lease; without a cursor the run is finished."""
    now = clock.now()
    values: dict[str, Any] = {
        "children": JobRun.children + step.children,
        "reminders": JobRun.reminders + step.reminders,
        "unreadable": JobRun.unreadable + step.unreadable,
        "failure": None,
    }
    if step.cursor is None:
        values |= {"finished_at": now, "held_until": None}
    else:
        values |= {"cursor": step.cursor, "held_until": now + LEASE}
    _change(held, values)


def give_back(held: Held, failure: str) -> None:
    """Something outside did not answer: somebody goes on here after the lease."""
    _change(held, {"failure": failure[:64]})


def _change(held: Held, values: dict[str, Any]) -> None:
    with transaction() as session:
        changed = session.execute(
            update(JobRun)
            .where(JobRun.id == held.id, JobRun.attempts == held.attempt)
            .values(values)
            .execution_options(synchronize_session=False)
        )
        if not getattr(changed, "rowcount", 0):
            raise RunLost(str(held.id))
