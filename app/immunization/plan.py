"""The schedule laid onto one day of birth: every age has become a calendar day.

Built once for each day of birth and kept; the walk over doses then only compares days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from app.immunization.grammar import GapFrom, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.immunization.rules import (
        FirstLine,
        Group,
        Schedule,
        Series,
        Standard,
        TargetDose,
    )

BIRTHDAYS_KEPT = 8192
PAGES_KEPT = 1024
Edge = date | GapFrom


@dataclass(frozen=True, slots=True, eq=False)
class StandardPlan:
    """The recommended window of a dose; edges after a dose stay gaps until that dose is known."""

    start: Edge
    to: Edge | None
    to_publishable: bool


@dataclass(frozen=True, slots=True, eq=False)
class TargetPlan:
    """One dose of a series for this child."""

    row: TargetDose
    id: str
    first_on: date
    latest_on: date
    min_age_on: date | None
    max_age_on: date | None
    not_if_previous_after_on: date | None
    may_fall_away: bool
    standard: StandardPlan | None
    former: StandardPlan | None


@dataclass(frozen=True, slots=True, eq=False)
class SeriesPlan:
    """The doses of a series for this child, with the last day to start it."""

    id: str
    product: str | None
    start_until_on: date | None
    last_on: date
    targets: tuple[TargetPlan, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShortPlan:
    """Second dose that ends the series after an early start."""

    product: str
    first_until_on: date
    target: TargetPlan


@dataclass(frozen=True, slots=True, eq=False)
class GroupPlan:
    """A vaccine for this child: first and last legal day, whose doses belong here, its series.

    ``ends_on``: after this day no dose of any series is possible.
    """

    group: Group
    code: str
    born_on: date
    in_cohort: bool
    first_on: date
    last_on: date
    ends_on: date
    takes_from_on: date
    takes_before_on: date
    shares_product: bool
    restricts_product: bool
    consult_after_on: date | None
    floor_on: date
    series: tuple[SeriesPlan, ...]
    by_product: dict[str, SeriesPlan]
    follows_product: bool
    short: ShortPlan | None


@lru_cache(maxsize=BIRTHDAYS_KEPT)
def lay_out(schedule: Schedule, born_on: date) -> tuple[GroupPlan, ...]:
    """Every vaccine of the schedule for a child born on this day."""
    return tuple(_group_plan(group, born_on) for group in schedule.groups.values())


@lru_cache(maxsize=PAGES_KEPT)
def lay_out_one(group: Group, born_on: date) -> GroupPlan:
    """One vaccine alone, for the answer about a single dose."""
    return _group_plan(group, born_on)


def _group_plan(group: Group, born_on: date) -> GroupPlan:
    first_on = min(_allowed_from(line, born_on) for line in group.window.first)
    last_on = group.window.last.on(born_on)
    series = tuple(_series_plan(row, first_on, last_on, born_on) for row in group.series)
    short = None
    if group.short_course is not None:
        course = group.short_course
        target = _target_plan(course.dose, first_on, last_on, born_on)
        short = ShortPlan(course.product, course.first_until.on(born_on), target)
    return GroupPlan(
        group=group,
        code=group.code,
        born_on=born_on,
        in_cohort=group.born_from is None or born_on >= group.born_from,
        first_on=first_on,
        last_on=last_on,
        ends_on=max(target.latest_on for target in _targets(series, short)),
        takes_from_on=_on(group.takes_from, born_on) or date.min,
        takes_before_on=_on(group.takes_before, born_on) or date.max,
        restricts_product=bool(group.never_together) or group.choose == "by_first_product",
        shares_product=group.takes_from is not None or group.takes_before is not None,
        consult_after_on=_on(group.consult_after, born_on),
        floor_on=max(first_on, group.program_from or date.min),
        series=series,
        by_product={plan.product: plan for plan in series if plan.product is not None},
        follows_product=group.choose == "by_own_product",
        short=short,
    )


def _targets(series: tuple[SeriesPlan, ...], short: ShortPlan | None) -> Iterator[TargetPlan]:
    for row in series:
        yield from row.targets
    if short is not None:
        yield short.target


def _allowed_from(line: FirstLine, born_on: date) -> date:
    """First day that a line of the legal window allows; ``date.max`` when it ended before."""
    on = max(line.at.on(born_on), line.since or date.min)
    return date.max if line.until is not None and on > line.until else on


def _series_plan(row: Series, first_on: date, group_last: date, born_on: date) -> SeriesPlan:
    last_on = _on(row.last, born_on) or group_last
    return SeriesPlan(
        id=row.id,
        product=row.product,
        start_until_on=_on(row.start_until, born_on),
        last_on=last_on,
        targets=tuple(_target_plan(dose, first_on, last_on, born_on) for dose in row.doses),
    )


def _target_plan(row: TargetDose, first_on: date, last_on: date, born_on: date) -> TargetPlan:
    max_age_on = _on(row.max_age, born_on)
    return TargetPlan(
        row=row,
        id=row.id,
        first_on=first_on,
        latest_on=last_on if max_age_on is None else min(last_on, max_age_on),
        min_age_on=_on(row.min_age, born_on),
        max_age_on=max_age_on,
        not_if_previous_after_on=_on(row.not_if_previous_after, born_on),
        may_fall_away=row.max_age is not None or row.not_if_previous_after is not None,
        standard=_standard_plan(row.standard, born_on),
        former=_standard_plan(row.former, born_on),
    )


def _standard_plan(row: Standard | None, born_on: date) -> StandardPlan | None:
    if row is None:
        return None
    start = row.start.on(born_on) if isinstance(row.start, Moment) else row.start
    end = row.to.on(born_on) if isinstance(row.to, Moment) else row.to
    return StandardPlan(start, end, to_publishable=row.to_mark != "G")


def _on(moment: Moment | None, born_on: date) -> date | None:
    return None if moment is None else moment.on(born_on)
