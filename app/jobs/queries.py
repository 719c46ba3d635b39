"""Reads of partitioned work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from app.core.outbox import OutboxMessage
from app.family.models import Child
from app.jobs.models import JobName, JobRun
from app.registry.models import Organisation, OrganisationKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


def municipality_ids(session: Session) -> Sequence[UUID]:
    """Every municipality, by id."""
    return session.scalars(
        select(Organisation.id)
        .where(Organisation.kind == OrganisationKind.MUNICIPALITY)
        .order_by(Organisation.id)
    ).all()


def open_runs(name: JobName, day: date, at: datetime) -> Select[JobRun]:
    """Runs that may be taken: not finished, held by nobody, and planned before they are sent."""
    query = select(JobRun).where(
        JobRun.name == name,
        JobRun.day == day,
        JobRun.finished_at.is_(None),
        or_(JobRun.held_until.is_(None), JobRun.held_until < at),
    )
    if name is JobName.SEND_REMINDERS:
        before = aliased(JobRun)
        planned = select(before.id).where(
            before.name == JobName.PLAN_REMINDERS,
            before.municipality_id == JobRun.municipality_id,
            before.day == day,
            before.finished_at.is_not(None),
        )
        query = query.where(planned.exists())
    return query.order_by(JobRun.id)


def runs_of_day(session: Session, day: date) -> Sequence[tuple[JobRun, str, int]]:
    """Runs of one day with their municipality's name and number of children."""
    children = (
        select(func.count(Child.id))
        .where(Child.municipality_id == JobRun.municipality_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(JobRun, Organisation.name, children)
        .join(Organisation, Organisation.id == JobRun.municipality_id)
        .where(JobRun.day == day)
        .order_by(Organisation.official_code, JobRun.name)
    )
    return [(run, name, count) for run, name, count in rows]


def run_counts(session: Session, day: date) -> tuple[int, int]:
    """How many runs a day has, and how many are finished."""
    every, finished = session.execute(
        select(func.count(JobRun.id), func.count(JobRun.finished_at)).where(JobRun.day == day)
    ).one()
    return every, finished


def outbox_waiting(session: Session) -> tuple[int, datetime | None]:
    """How many messages between features wait, and since when the oldest does."""
    count, oldest = session.execute(
        select(func.count(OutboxMessage.id), func.min(OutboxMessage.created_at))
    ).one()
    return count, oldest
