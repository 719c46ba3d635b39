"""The plan of a child's vaccinations: as rows of the timeline picture, and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.immunization.results import COUNTED
from app.immunization.timeline import DoseState, TimelineDose, TimelineRow, TimelineWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date

    from app.immunization.projection import PlannedDose
    from app.immunization.results import GivenDose

    Plan = Mapping[str, Sequence[PlannedDose]]


@dataclass(frozen=True)
class PlanRow:
    """One dose of the table. ``on``: the day it was given, None while it is to come.

    ``unconfirmed``: given, as nobody but the family has written. ``earliest`` … ``latest``: its
    days while it is to come, inclusive; ``standard_to`` only where the rule behind it is confirmed.
    """

    group: str
    number: int
    state: DoseState
    on: date | None = None
    earliest: date | None = None
    standard_from: date | None = None
    standard_to: date | None = None
    latest: date | None = None
    unconfirmed: bool = False


def timeline_rows(plan: Plan, *, born_on: date, name_of: Callable[[str], str]) -> list[TimelineRow]:
    """One row a vaccine that has a dose given or planned; ``name_of`` names it to the reader."""
    return [
        TimelineRow(
            name_of(group),
            tuple(
                TimelineDose(dose.age_days, state, str(number))
                for number, (dose, state) in enumerate(_states(doses), start=1)
            ),
            tuple(_windows(doses, born_on)),
        )
        for group, doses in plan.items()
        if doses
    ]


def plan_rows(plan: Plan, copies: Collection[GivenDose] = ()) -> tuple[PlanRow, ...]:
    """Every dose of every vaccine, in the order of the schedule."""
    return tuple(
        _row(dose, state, number, unconfirmed=(dose.product, dose.on) in copies)
        for doses in plan.values()
        for number, (dose, state) in enumerate(_states(doses), start=1)
        if dose.publishable
    )


def _row(dose: PlannedDose, state: DoseState, number: int, *, unconfirmed: bool) -> PlanRow:
    if dose.is_given:
        return PlanRow(dose.group, number, state, on=dose.on, unconfirmed=unconfirmed)
    return PlanRow(
        dose.group,
        number,
        state,
        earliest=dose.earliest,
        standard_from=dose.standard_from,
        standard_to=dose.standard_to if dose.standard_to_publishable else None,
        latest=dose.latest,
    )


def _states(doses: Sequence[PlannedDose]) -> list[tuple[PlannedDose, DoseState]]:
    drawn: list[tuple[PlannedDose, DoseState]] = []
    next_seen = False
    for dose in doses:
        if dose.is_given:
            state = DoseState.DONE if dose.verdict in COUNTED else DoseState.VOID
        else:
            state = DoseState.LATER if next_seen else DoseState.NEXT
            next_seen = True
        drawn.append((dose, state))
    return drawn


def _windows(doses: Sequence[PlannedDose], born_on: date) -> list[TimelineWindow]:
    return [
        TimelineWindow((dose.standard_from - born_on).days, (dose.standard_to - born_on).days)
        for dose in doses
        if dose.standard_from and dose.standard_to and dose.standard_to_publishable
    ]
