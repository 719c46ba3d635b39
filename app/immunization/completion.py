"""The last day on which the next dose still leaves room for all further ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from app.immunization.dates import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from app.immunization.plan import TargetPlan
    from app.immunization.progress import Progress


class Coming(NamedTuple):
    """The next dose of a series and the first day it can be given."""

    target: TargetPlan
    earliest: date


def coming(progress: Progress, product: str, as_of: date, floor: date) -> Coming | None:
    """The next dose seen from a day; None once the series is complete.

    A primary dose that cannot be given before its last age falls away. ``floor``: no dose before.
    """
    while True:
        target = progress.planned_target(product, as_of)
        if target is None:
            return None
        earliest = max(progress.waits_until(target), floor)
        if target.max_age_on is None or earliest <= target.max_age_on:
            return Coming(target, earliest)
        progress.skip()


def last_start(
    progress: Progress, product: str, *, earliest: date, latest: date, floor: date
) -> date | None:
    """Last day, ``earliest`` to ``latest``, for the next dose that lets the series be finished.

    Each further dose is taken on its own first possible day. None when no day leaves room.
    """
    if progress.series is not None and progress.index + 1 == len(progress.series.targets):
        return latest
    for ends_on in _ends_of_segments(progress, latest):
        if ends_on < earliest:
            return None
        found = _last_in_segment(progress, product, earliest=earliest, latest=ends_on, floor=floor)
        if found is not None:
            return found
    return None


def _ends_of_segments(progress: Progress, latest: date) -> Iterator[date]:
    """Between these days, latest first, a later start never finishes earlier."""
    yield latest
    plan = progress.plan
    if progress.count == 0:
        ends = [series.start_until_on for series in plan.series]
        if plan.short is not None:
            ends.append(plan.short.first_until_on)
        yield from sorted((end for end in ends if end is not None and end < latest), reverse=True)


def _last_in_segment(
    progress: Progress, product: str, *, earliest: date, latest: date, floor: date
) -> date | None:
    """Step back by as many days as are missing, then on again day by day.

    Months of unequal length let a step go back too far, never too short.
    """
    day = latest
    while (missing := _days_missing(progress, product, day, floor)) > 0:
        if day == earliest:
            return None
        day = max(earliest, day - timedelta(days=missing))
    while day < latest and _days_missing(progress, product, day + ONE_DAY, floor) == 0:
        day += ONE_DAY
    return day


def _days_missing(progress: Progress, product: str, on: date, floor: date) -> int:
    """Days by which a further dose misses its last day when the next is given ``on``; 0 = fits."""
    trial = progress.copy()
    if trial.planned_target(product, on) is None:
        return 0
    trial.take(product, on)
    day = on
    while (step := coming(trial, product, day, floor)) is not None:
        over = (step.earliest - step.target.latest_on).days
        if over > 0:
            return over
        day = step.earliest
        trial.take(product, day)
    return 0
