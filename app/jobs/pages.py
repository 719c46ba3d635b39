"""What the operator sees of the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import reading
from app.jobs import queries
from app.jobs.figures import figures

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.authz.actor import Actor
    from app.jobs.models import JobRun


@dataclass(frozen=True)
class Progress:
    """One municipality's part. ``children``: how many it has in all."""

    run: JobRun
    place: str
    children: int


@dataclass(frozen=True)
class JobsPage:
    """Today's work at one moment."""

    day: date
    at: datetime
    figures: dict[str, float]
    runs: tuple[Progress, ...]


def overview(actor: Actor) -> JobsPage:
    """Read the state of the jobs."""
    authorize(actor, Permission.OPERATIONS_READ)
    now = clock.now()
    with reading() as session:
        rows = queries.runs_of_day(session, actor.today)
        runs = tuple(Progress(run, place, children) for run, place, children in rows)
        return JobsPage(actor.today, now, figures(session, now), runs)
