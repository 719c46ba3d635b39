"""Which vaccines can be given together, and when: the coming doses gathered into visits. Pure.

Doses of one day do not hinder each other (実施規則 allows them together where a physician finds it
right); from one visit to the next the engine's own intervals hold, injected live vaccines included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.immunization import forecast
from app.immunization.results import GivenDose, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from app.immunization.results import GroupResult

PLANNED = frozenset({Status.DUE, Status.OVERDUE, Status.ELIGIBLE_EARLY, Status.NOT_YET})
PATIENCE = timedelta(days=14)
"""How long a dose may wait, inside its recommended time, to be given with others."""
HORIZON = timedelta(days=366)
MOST_VISITS = 24


@dataclass(frozen=True)
class VisitDose:
    """One dose of a visit. ``by``: its own last day, inclusive."""

    group: str
    product: str
    target: str
    number: int
    by: date


@dataclass(frozen=True)
class Visit:
    """Doses that may be given on one day, any day from ``on`` to ``by`` (both inclusive)."""

    on: date
    by: date
    doses: tuple[VisitDose, ...]

    @property
    def is_shared(self) -> bool:
        """Whether more than one dose is given on it."""
        return len(self.doses) > 1

    @property
    def lead(self) -> VisitDose:
        """The dose whose time ends first: it names the visit."""
        return min(self.doses, key=lambda dose: dose.by)


@dataclass(frozen=True)
class _Wish:
    """A dose that waits for a visit: wanted from a day on, by a day."""

    result: GroupResult
    product: str
    wanted: date
    by: date


def visits_of(
    asked: forecast.Asked,
    *,
    horizon: timedelta = HORIZON,
    most: int = MOST_VISITS,
    without: frozenset[str] = frozenset(),
) -> tuple[Visit, ...]:
    """The visits of the time to come, earliest first, each later one planned upon the former.

    Vaccines whose row is unconfirmed, that wait for a review or ask for advice first (rota begun
    late) stand in no visit, nor do those ``without`` which the family is to be left.
    """
    return tuple(_visits(asked, asked.as_of + horizon, most, without))


def _visits(
    asked: forecast.Asked, until: date, most: int, without: frozenset[str]
) -> Iterator[Visit]:
    for _ in range(most):
        wishes = [wish for wish in _wishes(asked) if wish.result.group not in without]
        if not wishes:
            return
        on = _day_of_visit(wishes)
        if on > until:
            return
        visit = _visit(on, [wish for wish in wishes if wish.wanted <= on])
        yield visit
        planned = tuple(GivenDose(dose.product, on) for dose in visit.doses)
        asked = asked.again((*asked.history, *planned), on)


def _wishes(asked: forecast.Asked) -> Iterator[_Wish]:
    for result in forecast.decide(asked).values():
        if result.status not in PLANNED or result.follows is not None or not result.publishable:
            continue
        if result.earliest is None or result.latest is None:
            continue
        product = result.planned_product or asked.schedule.groups[result.group].plans_with
        wanted = max(asked.as_of, result.standard_from or result.earliest)
        by = _last_day(result, wanted)
        if wanted <= by:
            yield _Wish(result, product, wanted, by)


def _last_day(result: GroupResult, wanted: date) -> date:
    """The end of the recommended time while it lasts, else the last day that still completes."""
    ends = result.standard_to if result.standard_to_publishable else None
    if ends is not None and wanted <= ends:
        return ends
    last = result.last_start_to_complete
    legal = result.latest or wanted
    return last if last is not None and last >= wanted else legal


def _day_of_visit(wishes: list[_Wish]) -> date:
    """The first wanted day, put off a little where more can be given at once."""
    first = min(wish.wanted for wish in wishes)
    waiting = [wish for wish in wishes if wish.wanted <= first + PATIENCE]
    for on in sorted({wish.wanted for wish in waiting}, reverse=True):
        if all(on <= wish.by for wish in waiting if wish.wanted <= on):
            return on
    return first


def _visit(on: date, wishes: list[_Wish]) -> Visit:
    doses = tuple(
        VisitDose(
            wish.result.group,
            wish.product,
            wish.result.next_dose or "",
            wish.result.next_dose_number or 1,
            wish.by,
        )
        for wish in wishes
    )
    return Visit(on, min(dose.by for dose in doses), doses)
