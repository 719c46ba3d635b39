"""The plan of a child's vaccinations as rows of the timeline picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.immunization.projection import PlannedDose, project
from app.immunization.results import COUNTED
from app.immunization.timeline import DoseState, TimelineDose, TimelineRow, TimelineWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from app.immunization.results import GivenDose
    from app.immunization.rules import Schedule, Sex


def timeline_rows(
    schedule: Schedule,
    *,
    born_on: date,
    sex: Sex,
    given: Iterable[GivenDose],
    as_of: date,
    name_of: Callable[[str], str],
) -> list[TimelineRow]:
    """One row a vaccine that has a dose given or planned; ``name_of`` names it to the reader."""
    plan = project(schedule, born_on=born_on, sex=sex, given=given, as_of=as_of)
    return [
        TimelineRow(name_of(group), tuple(_doses(doses)), tuple(_windows(doses, born_on)))
        for group, doses in plan.items()
        if doses
    ]


def _doses(doses: Sequence[PlannedDose]) -> list[TimelineDose]:
    drawn: list[TimelineDose] = []
    next_seen = False
    for number, dose in enumerate(doses, start=1):
        if dose.is_given:
            state = DoseState.DONE if dose.verdict in COUNTED else DoseState.VOID
        else:
            state = DoseState.LATER if next_seen else DoseState.NEXT
            next_seen = True
        drawn.append(TimelineDose(dose.age_days, state, str(number)))
    return drawn


def _windows(doses: Sequence[PlannedDose], born_on: date) -> list[TimelineWindow]:
    return [
        TimelineWindow((dose.standard_from - born_on).days, (dose.standard_to - born_on).days)
        for dose in doses
        if not dose.is_given and dose.standard_from and dose.standard_to
    ]
