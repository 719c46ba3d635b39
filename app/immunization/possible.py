"""The vaccines a child can be given today without talking it over first. Pure.

The same engine as ``forecast``, for whole towns in a night: a vaccine whose days are over or have
not begun is left out before a dose is judged, and the last day to start is looked for only where
the vaccine is possible.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from app.immunization.evaluation import walk
from app.immunization.forecast import (
    ask,
    forecast_begun,
    forecast_untouched,
    has_own_series,
    is_for,
)
from app.immunization.plan import lay_out
from app.immunization.results import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from app.immunization.forecast import Asked
    from app.immunization.plan import GroupPlan
    from app.immunization.results import GivenDose, GroupResult
    from app.immunization.rules import Group, Schedule, Sex

POSSIBLE = frozenset({Status.ELIGIBLE_EARLY, Status.DUE, Status.OVERDUE})
BIRTHDAYS_KEPT = 8192


def forecast_possible(
    schedule: Schedule, *, born_on: date, sex: Sex, given: Iterable[GivenDose], as_of: date
) -> dict[str, GroupResult]:
    """What ``forecast_child`` says, of the vaccines with a status in ``POSSIBLE`` alone.

    A group that repeats another one's result is left out. Raises as ``forecast_child`` does.
    """
    asked = ask(schedule, born_on=born_on, sex=sex, given=given, as_of=as_of)
    results = [
        _result(asked, plan)
        for plan in _open_plans(schedule, born_on, as_of)
        if _is_own_matter(asked, plan.group)
    ]
    return {result.group: result for result in results if result and result.status in POSSIBLE}


def _is_own_matter(asked: Asked, group: Group) -> bool:
    follows = group.follows
    return is_for(asked, group) and (follows is None or has_own_series(asked, follows))


def _result(asked: Asked, plan: GroupPlan) -> GroupResult | None:
    if plan.group.counts.isdisjoint(asked.products):
        return forecast_untouched(asked, plan, with_last_start=True)
    walked = walk(asked.schedule, plan, asked.history)
    if walked.stopped or walked.progress.finished:
        return None
    result = forecast_begun(asked, walked, with_last_start=False)
    if result.status not in POSSIBLE:
        return None
    return forecast_begun(asked, walked, with_last_start=True)


@lru_cache(maxsize=BIRTHDAYS_KEPT)
def _open_plans(schedule: Schedule, born_on: date, as_of: date) -> tuple[GroupPlan, ...]:
    """Vaccines that any dose of could be given on this day to a child born on that one."""
    return tuple(
        plan
        for plan in lay_out(schedule, born_on)
        if plan.in_cohort and plan.floor_on <= as_of <= plan.ends_on
    )
