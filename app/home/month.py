"""Months as pictures: weeks of days, and which of them belong to a visit. Pure."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.immunization.visits import Visit

MOST_MONTHS = 2
_WEEKS = calendar.Calendar(firstweekday=calendar.SUNDAY)


@dataclass(frozen=True)
class Day:
    """One day of a month: whether a visit is suggested from it on, or ends with it."""

    on: date
    is_today: bool
    begins: bool
    ends: bool


@dataclass(frozen=True)
class Month:
    """A month as a calendar hangs on the wall: weeks from Sunday, None outside the month."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


def months_of(visits: Sequence[Visit], *, today: date) -> tuple[Month, ...]:
    """The first months in which a visit begins, ``MOST_MONTHS`` at most."""
    firsts = sorted({visit.on.replace(day=1) for visit in visits})
    return tuple(_month(first, visits, today) for first in firsts[:MOST_MONTHS])


def _month(first: date, visits: Sequence[Visit], today: date) -> Month:
    weeks = tuple(
        tuple(_day(on, visits, today) if on.month == first.month else None for on in week)
        for week in _WEEKS.monthdatescalendar(first.year, first.month)
    )
    return Month(first, weeks)


def _day(on: date, visits: Sequence[Visit], today: date) -> Day:
    begins = any(visit.on == on for visit in visits)
    return Day(on, on == today, begins, any(visit.by == on for visit in visits))
