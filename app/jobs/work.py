"""The work itself, each piece safe to repeat and to be killed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.core import clock, outbox
from app.core.db import reading
from app.core.errors import TsunaguError
from app.jobs import queries, runs
from app.jobs.models import JobName
from app.notifications.changes import CREDENTIAL_CHANGED, tell_credential_change
from app.notifications.sending import Post, Sent, send_due
from app.reminders.nightly import plan_page, send_next_family
from app.reminders.wanted import still_wanted

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from flask import Flask

    from app.core.outbox import Delivery, Handler
    from app.jobs.runs import Held, Step

log = structlog.get_logger(__name__)

HANDLERS: dict[str, Handler] = {CREDENTIAL_CHANGED: tell_credential_change}
"""Who hears what the features tell. A topic without a handler waits."""

FAMILIES_A_STEP = 50


@dataclass(frozen=True)
class Office:
    """What the work needs. ``first_hour``: Japan time from which people are told."""

    post: Post
    first_hour: int

    @classmethod
    def of(cls, app: Flask) -> Office:
        """From the wired application."""
        post = Post(
            carriers=app.extensions["carriers"],
            sealer=app.extensions["sealer"],
            origin=str(app.config["ORIGIN"]),
            still_wanted=still_wanted,
        )
        return cls(post, app.extensions["settings"].reminder_hour)


@dataclass(frozen=True)
class Round:
    """One pass over everything."""

    told: Delivery
    planned: int
    sent: int
    deliveries: Sent


def one_round(office: Office) -> Round:
    """Outbox, nightly work that is due, deliveries."""
    now = clock.now()
    told = outbox.deliver(HANDLERS)
    planned, sent = nightly(office, now)
    return Round(told, planned, sent, send_due(office.post))


def nightly(office: Office, now: datetime, *, parts: int | None = None) -> tuple[int, int]:
    """Plan today's reminders, and send them once the day has begun; how many of each.

    ``parts``: at most so many municipalities of each, when several workers share the night.
    """
    day = clock.japanese_day(now)
    runs.open_day(day)
    planned = work_through(JobName.PLAN_REMINDERS, office, day, parts)
    if now.astimezone(clock.JST).hour < office.first_hour:
        return planned, 0
    return planned, work_through(JobName.SEND_REMINDERS, office, day, parts)


def work_through(name: JobName, office: Office, day: date, parts: int | None = None) -> int:
    """Take open runs, one after the other, until none is left; reminders planned or sent."""
    total = taken = 0
    while parts is None or taken < parts:
        held = runs.take(name, day)
        if held is None:
            break
        total += _carry_on(held, office)
        taken += 1
    return total


def open_parts(day: date) -> int:
    """How many municipalities have work that nobody holds."""
    with reading() as session:
        open_runs = [queries.open_runs(name, day, clock.now()) for name in JobName]
        return max(len(session.scalars(query).all()) for query in open_runs)


def _carry_on(held: Held, office: Office) -> int:
    """Page by page behind the cursor."""
    total, cursor = 0, held.cursor
    while True:
        try:
            step = _step(held, cursor, office)
            runs.advance(held, step)
        except runs.RunLost:
            log.warning("job.lost", run=str(held.id))
            return total
        except TsunaguError as problem:
            log.warning("job.postponed", run=str(held.id), code=problem.code)
            runs.give_back(held, problem.code)
            return total
        total += step.reminders
        if step.cursor is None:
            return total
        cursor = step.cursor


def _step(held: Held, cursor: UUID | None, office: Office) -> Step:
    if held.name is JobName.PLAN_REMINDERS:
        page = plan_page(held.municipality_id, cursor, held.day)
        return runs.Step(page.last, page.children, page.reminders, page.unreadable)
    children = reminders = 0
    for _ in range(FAMILIES_A_STEP):
        family = send_next_family(held.municipality_id, cursor, held.day, office.post.sealer)
        cursor = family.child_id
        if cursor is None:
            break
        children, reminders = children + 1, reminders + family.reminders
    return runs.Step(cursor, children, reminders)
