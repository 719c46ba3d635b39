"""The whole plan of a child: doses given, and the further ones at their recommended time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.immunization import forecast
from app.immunization.agenda import SHOWN
from app.immunization.results import DoseVerdict, GivenDose, GroupResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from app.immunization.rules import Schedule, Sex


@dataclass(frozen=True)
class PlannedDose:
    """One dose of the plan. ``on``: the day given, or the day it is planned for.

    A given dose carries its ``verdict``; a planned one its windows, all days inclusive, and whether
    they rest on confirmed rows. ``age_days`` counts from birth, for drawing.
    """

    group: str
    on: date
    age_days: int
    target: str | None = None
    product: str | None = None
    verdict: Verdict | None = None
    earliest: date | None = None
    standard_from: date | None = None
    standard_to: date | None = None
    latest: date | None = None
    standard_to_publishable: bool = True
    publishable: bool = True

    @property
    def is_given(self) -> bool:
        return self.verdict is not None


def project(asked: forecast.Asked) -> dict[str, tuple[PlannedDose, ...]]:
    """By group: the doses given, then every further dose on its first recommended day.

    Nothing is planned before the asked day, nor for a group that repeats another one's result, is
    not for this child, or waits for a review.
    """
    return {code: tuple(_doses_of(asked, code)) for code in asked.schedule.groups}


def sample_timeline(
    schedule: Schedule, *, born_on: date, sex: Sex = "F"
) -> dict[str, tuple[PlannedDose, ...]]:
    """The plan of a newborn: every dose of the schedule with its windows by age."""
    asked = forecast.ask(schedule, born_on=born_on, sex=sex, given=(), as_of=born_on)
    return project(asked)


def _doses_of(asked: forecast.Asked, code: str) -> Iterator[PlannedDose]:
    result = forecast.decide_one(asked, code, with_last_start=False)
    for dose in result.doses:
        yield _given(asked, code, dose)
    if result.follows is not None:
        return
    while (planned := _planned(asked, result)) is not None:
        yield planned
        product = result.planned_product or asked.schedule.groups[code].plans_with
        asked = asked.again((*asked.history, GivenDose(product, planned.on)), planned.on)
        result = forecast.decide_one(asked, code, with_last_start=False)


def _given(asked: forecast.Asked, code: str, dose: DoseVerdict) -> PlannedDose:
    age_days = (dose.date - asked.born_on).days
    return PlannedDose(code, dose.date, age_days, dose.target, dose.product, dose.verdict)


def _planned(asked: forecast.Asked, result: GroupResult) -> PlannedDose | None:
    if result.status not in SHOWN or result.earliest is None or result.latest is None:
        return None
    on = max(asked.as_of, result.standard_from or result.earliest)
    if on > result.latest:
        return None
    return PlannedDose(
        group=result.group,
        on=on,
        age_days=(on - asked.born_on).days,
        target=result.next_dose,
        product=result.planned_product,
        earliest=result.earliest,
        standard_from=result.standard_from,
        standard_to=result.standard_to,
        latest=result.latest,
        standard_to_publishable=result.standard_to_publishable,
        publishable=result.publishable,
    )
