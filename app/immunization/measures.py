"""Special measures (特例) where the routine window has closed, told beside the forecast. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.immunization.results import GroupResult, Reason, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from app.immunization.results import GivenDose
    from app.immunization.rules import Measure, Schedule

CLOSED = frozenset({Status.EXPIRED, Status.UNREACHABLE})


@dataclass(frozen=True)
class Help:
    """A measure that may apply to a group of this child, and its last day where it has one."""

    group: str
    reason: Reason
    until: date | None


def measures_for(
    schedule: Schedule,
    *,
    born_on: date,
    given: Sequence[GivenDose],
    results: Mapping[str, GroupResult],
    as_of: date,
    cohorts: Mapping[str, Mapping[str, tuple[date, date]]] | None = None,
) -> tuple[Help, ...]:
    """The measures to mention for vaccines whose window has closed. Statuses and dates stay.

    ``cohorts``: a municipality's own birth ranges, by measure and group, replacing the schedule's.
    """
    closed = [result.group for result in results.values() if result.status in CLOSED]
    own = cohorts or {}
    helps: list[Help] = []
    for code in closed:
        for measure in schedule.measures:
            births = own.get(measure.id, {}).get(code) or measure.cohorts.get(code)
            if (
                births is not None
                and births[0] <= born_on <= births[1]
                and _is_open(measure, born_on, as_of)
                and _is_entitled(schedule, measure, code, given)
            ):
                reason = Reason(f"measure.{measure.id}", {}, measure.words, measure.basis)
                helps.append(Help(code, reason, _until(measure, born_on)))
        helps += _after_illness(schedule, code, born_on, as_of)
    return tuple(helps)


def _after_illness(schedule: Schedule, code: str, born_on: date, as_of: date) -> Iterator[Help]:
    illness = schedule.long_illness
    upper = schedule.groups[code].long_illness_until
    if code not in illness.never and (upper is None or as_of < upper.on(born_on)):
        reason = Reason("measure.LONG_ILLNESS", {}, illness.words, illness.basis)
        yield Help(code, reason, None if upper is None else upper.on(born_on))


def _is_open(measure: Measure, born_on: date, as_of: date) -> bool:
    if measure.open_from is not None and as_of < measure.open_from:
        return False
    if measure.from_age is not None and as_of < measure.from_age.on(born_on):
        return False
    until = _until(measure, born_on)
    return until is None or as_of <= until


def _until(measure: Measure, born_on: date) -> date | None:
    ends = [measure.open_to] if measure.open_to is not None else []
    if measure.until_age is not None:
        ends.append(measure.until_age.on(born_on))
    return min(ends, default=None)


def _is_entitled(
    schedule: Schedule, measure: Measure, code: str, given: Sequence[GivenDose]
) -> bool:
    if measure.given_between is None:
        return True
    first, last = measure.given_between
    counts = schedule.groups[code].counts
    return any(dose.product in counts and first <= dose.date <= last for dose in given)
