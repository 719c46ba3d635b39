"""Geometry of one growth chart: ages and values become places in an SVG ``viewBox``. Pure.

The template ``components/growth_chart.html`` only writes down what stands here and adds the words.
Units of the drawing are SVG user units, about one CSS pixel on a phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from app.handbook.growth import Measure, Point, Sex, age_months, band
from app.handbook.growth_reference import DAYS_PER_MONTH, r5_percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

WIDTH: Final = 360
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 36, 348, 24, 270
UNITS: Final = {Measure.WEIGHT: "kg", Measure.HEIGHT: "cm", Measure.HEAD: "cm"}
_SPANS: Final = (12, 24, 48, 78, 120, 228)
_MONTHS_SHOWN_TO: Final = 24
_MONTHS_PER_YEAR: Final = 12
_VALUE_STEPS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_MOST_VALUE_TICKS: Final = 8
_LABEL_ROOM: Final = 60
_INNER: Final = (1, 2, 4, 5)


class Place(StrEnum):
    """Where a point lies relative to the band. ``UNKNOWN``: no band at that age or sex."""

    INSIDE = "inside"
    BELOW = "below"
    ABOVE = "above"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AgeTick:
    """A vertical line at an age; ``number`` counts months up to 24 months, then years."""

    x: float
    number: int
    in_years: bool


@dataclass(frozen=True)
class ValueTick:
    """A horizontal line at a value (kg or cm)."""

    y: float
    value: float


@dataclass(frozen=True)
class Dot:
    """One measurement in the drawing and, with the same numbers, in the table beside it."""

    x: float
    y: float
    point: Point
    age_months: float
    place: Place

    @property
    def label_left(self) -> bool:
        """Whether words beside the dot must stand on its left to stay inside."""
        return self.x > RIGHT - _LABEL_ROOM


@dataclass(frozen=True)
class GrowthChart:
    """Everything the picture and its table need. Point lists are SVG ``points`` strings."""

    measure: Measure
    unit: str
    born_on: date
    band: str
    median: str
    inner: tuple[str, ...]
    age_ticks: tuple[AgeTick, ...]
    value_ticks: tuple[ValueTick, ...]
    dots: tuple[Dot, ...]
    line: str
    corrected_dots: tuple[Dot, ...]
    corrected_line: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM

    @property
    def latest(self) -> Dot | None:
        """The newest measurement."""
        return self.dots[-1] if self.dots else None


@dataclass(frozen=True)
class _Scale:
    months: float
    low: float
    high: float

    def x(self, age: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * age / self.months, 1)

    def y(self, value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - self.low) / (self.high - self.low), 1)


def draw(
    measure: Measure,
    sex: Sex | None,
    *,
    born_on: date,
    points: Sequence[Point],
    as_of: date,
    corrected_by_days: int = 0,
    with_inner: bool = False,
) -> GrowthChart:
    """The chart of one measure. Points before birth are left out.

    ``corrected_by_days`` > 0 adds a second series by corrected age (days missing to 40 weeks);
    ``with_inner`` adds the 10th, 25th, 75th and 90th percentile. Without a recorded sex the chart
    has points and no band.
    """
    shown = sorted((p for p in points if p.measured_on >= born_on), key=lambda p: p.measured_on)
    months = _span([age_months(born_on, day) for day in (as_of, *(p.measured_on for p in shown))])
    rows = _reference_rows(measure, sex, months)
    step, scale = _value_scale(months, [p.value for p in shown], rows)
    dots = _dots(measure, sex, born_on, shown, scale, shift=0)
    corrected = _dots(measure, sex, born_on, shown, scale, shift=corrected_by_days)
    corrected = corrected if corrected_by_days > 0 else ()
    return GrowthChart(
        measure=measure,
        unit=UNITS[measure],
        born_on=born_on,
        band=_outline(rows, scale),
        median=_line(((age, row[3]) for age, row in rows), scale),
        inner=_inner_lines(rows, scale) if with_inner else (),
        age_ticks=_age_ticks(months, scale),
        value_ticks=_value_ticks(step, scale),
        dots=dots,
        line=_join((dot.x, dot.y) for dot in dots),
        corrected_dots=corrected,
        corrected_line=_join((dot.x, dot.y) for dot in corrected),
    )


_Rows = tuple[tuple[float, tuple[float, ...]], ...]


def _span(ages: Iterable[float]) -> int:
    oldest = max(ages)
    return next((span for span in _SPANS if oldest <= span), _SPANS[-1])


def _reference_rows(measure: Measure, sex: Sex | None, months: float) -> _Rows:
    if sex is None:
        return ()
    curve = r5_percentiles()[measure, sex]
    last = min(months, curve.until)
    ages = [age for age in curve.ages if age < last] + [last]
    return tuple((age, row) for age in ages if (row := curve.at(age)) is not None)


def _value_scale(months: float, values: Sequence[float], rows: _Rows) -> tuple[float, _Scale]:
    lowest = min([*values, *(row[0] for _, row in rows)], default=0.0)
    highest = max([*values, *(row[-1] for _, row in rows)], default=10.0)
    step = next(
        (s for s in _VALUE_STEPS if (highest - lowest) / s <= _MOST_VALUE_TICKS), _VALUE_STEPS[-1]
    )
    low, high = floor(lowest / step) * step, ceil(highest / step) * step
    return step, _Scale(months, low, high if high > low else low + step)


def _line(series: Iterable[tuple[float, float]], scale: _Scale) -> str:
    return _join((scale.x(age), scale.y(value)) for age, value in series)


def _outline(rows: _Rows, scale: _Scale) -> str:
    upper = [(age, row[-1]) for age, row in rows]
    lower = [(age, row[0]) for age, row in reversed(rows)]
    return _line([*upper, *lower], scale)


def _inner_lines(rows: _Rows, scale: _Scale) -> tuple[str, ...]:
    return tuple(_line(((age, row[index]) for age, row in rows), scale) for index in _INNER)


def _join(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _age_ticks(months: int, scale: _Scale) -> tuple[AgeTick, ...]:
    if months <= _MONTHS_SHOWN_TO:
        steps = range(0, months + 1, 2 if months <= _MONTHS_PER_YEAR else 3)
        return tuple(AgeTick(scale.x(month), month, in_years=False) for month in steps)
    every = 1 if months <= _SPANS[3] else 2
    years = range(0, months // _MONTHS_PER_YEAR + 1, every)
    return tuple(AgeTick(scale.x(y * _MONTHS_PER_YEAR), y, in_years=True) for y in years)


def _value_ticks(step: float, scale: _Scale) -> tuple[ValueTick, ...]:
    count = round((scale.high - scale.low) / step)
    values = (round(scale.low + index * step, 1) for index in range(count + 1))
    return tuple(ValueTick(scale.y(value), value) for value in values)


def _dots(
    measure: Measure,
    sex: Sex | None,
    born_on: date,
    points: Sequence[Point],
    scale: _Scale,
    *,
    shift: int,
) -> tuple[Dot, ...]:
    placed = []
    for point in points:
        age = age_months(born_on, point.measured_on) - shift / DAYS_PER_MONTH
        if 0 <= age <= scale.months:
            place = _place(measure, sex, age, point.value)
            placed.append(Dot(scale.x(age), scale.y(point.value), point, age, place))
    return tuple(placed)


def _place(measure: Measure, sex: Sex | None, age: float, value: float) -> Place:
    edges = band(measure, sex, age) if sex is not None else None
    if edges is None:
        return Place.UNKNOWN
    if value < edges.low:
        return Place.BELOW
    return Place.ABOVE if value > edges.high else Place.INSIDE
