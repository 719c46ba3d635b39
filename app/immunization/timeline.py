"""Geometry of the vaccination timeline: one strip a vaccine, doses placed by age. Pure.

The first year, where most doses lie, gets about half of the width. The template
``components/timeline.html`` writes down what stands here. Units are SVG user units.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH: Final = 320
HEIGHT: Final = 36
MARGIN: Final = 16
RADIUS: Final = 7
DAYS_PER_MONTH: Final = 30.4375
_MONTHS_PER_YEAR: Final = 12
_CLOSEST: Final = 2 * RADIUS + 1
# Age in months -> share of the width: a month of the first year is worth about ten of later ones.
_PACE: Final = ((0, 0.0), (12, 10.0), (24, 13.0), (48, 16.0), (96, 19.0), (156, 22.0), (204, 24.0))
_TICK_MONTHS: Final = (0, 6, 12, 24, 36, 48, 72, 96, 144, 204)
_TICK_ROOM: Final = 30


class DoseState(StrEnum):
    """What is shown for a dose. ``VOID``: given, but does not count."""

    DONE = "done"
    VOID = "void"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True)
class TimelineDose:
    """A dose at an age in days (given, or the first day it is meant for)."""

    age_days: int
    state: DoseState
    label: str


@dataclass(frozen=True)
class TimelineWindow:
    """A standard period, ages in days, both ends included."""

    from_days: int
    to_days: int


@dataclass(frozen=True)
class TimelineRow:
    """One vaccine."""

    label: str
    doses: tuple[TimelineDose, ...]
    windows: tuple[TimelineWindow, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A dose in the drawing."""

    x: float
    state: DoseState
    label: str


@dataclass(frozen=True)
class Bar:
    """A standard period in the drawing."""

    x: float
    width: float


@dataclass(frozen=True)
class Strip:
    """One row of the drawing."""

    label: str
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class AgeTick:
    """A vertical line; ``number`` counts full years, or months where they are not full."""

    x: float
    number: int
    in_years: bool


@dataclass(frozen=True)
class Timeline:
    """Everything the template needs."""

    strips: tuple[Strip, ...]
    ticks: tuple[AgeTick, ...]
    today_x: float | None
    width: int = WIDTH
    height: int = HEIGHT
    radius: int = RADIUS

    @property
    def has_void(self) -> bool:
        """Whether the key must explain doses that do not count."""
        return any(mark.state is DoseState.VOID for strip in self.strips for mark in strip.marks)


@dataclass(frozen=True)
class _Scale:
    until: int

    def x(self, months: float) -> float:
        share = _paced(min(max(months, 0.0), self.until)) / _paced(self.until)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * share, 1)

    def at(self, days: int) -> float:
        return self.x(days / DAYS_PER_MONTH)


def _paced(months: float) -> float:
    for (left, low), (right, high) in pairwise(_PACE):
        if months <= right:
            return low + (high - low) * (months - left) / (right - left)
    return _PACE[-1][1]


def lay_out(rows: Sequence[TimelineRow], *, today_days: int | None = None) -> Timeline:
    """Place all rows on one age axis that ends where the last dose or period needs it.

    ``today_days``: the child's age in days for the line of today; none leaves it out.
    """
    scale = _Scale(_end(rows, today_days))
    strips = tuple(
        Strip(
            label=row.label,
            marks=_marks(sorted(row.doses, key=lambda dose: dose.age_days), scale),
            bars=tuple(_bar(window, scale) for window in row.windows),
        )
        for row in rows
    )
    today_x = None if today_days is None else scale.at(today_days)
    return Timeline(strips=strips, ticks=_ticks(scale), today_x=today_x)


def _end(rows: Iterable[TimelineRow], today_days: int | None) -> int:
    days = [today_days or 0]
    for row in rows:
        days += [dose.age_days for dose in row.doses]
        days += [window.to_days for window in row.windows]
    months = max(days) / DAYS_PER_MONTH
    return next((end for end, _ in _PACE[1:] if months <= end), _PACE[-1][0])


def _marks(doses: Sequence[TimelineDose], scale: _Scale) -> tuple[Mark, ...]:
    """Doses in order of age, moved apart where they would cover each other."""
    places: list[float] = []
    for dose in doses:
        least = places[-1] + _CLOSEST if places else 0.0
        places.append(max(scale.at(dose.age_days), least))
    _push_back(places)
    return tuple(
        Mark(round(x, 1), dose.state, dose.label) for x, dose in zip(places, doses, strict=True)
    )


def _push_back(places: list[float]) -> None:
    limit = float(WIDTH - RADIUS - 1)
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], limit)
        limit = places[index] - _CLOSEST


def _bar(window: TimelineWindow, scale: _Scale) -> Bar:
    left, right = scale.at(window.from_days), scale.at(window.to_days)
    return Bar(left, round(max(right - left, 2.0), 1))


def _ticks(scale: _Scale) -> tuple[AgeTick, ...]:
    ticks: list[AgeTick] = []
    for months in _TICK_MONTHS:
        x = scale.x(months)
        if months <= scale.until and (not ticks or x - ticks[-1].x >= _TICK_ROOM):
            years, rest = divmod(months, _MONTHS_PER_YEAR)
            ticks.append(AgeTick(x, rest or years, in_years=rest == 0))
    return tuple(ticks)
