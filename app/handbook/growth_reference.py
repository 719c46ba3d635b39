"""Growth references as data: 令和5年乳幼児身体発育調査 (R5) and WHO, from ``config/growth``.

Rows stand at one age in months; between two rows every number is interpolated linearly. Weights are
kg, lengths cm. Sources and their standing: ``config/growth/README.md``.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOLDER: Final = Path(__file__).resolve().parents[2] / "config" / "growth"
DAYS_PER_MONTH: Final = 30.4375


class Measure(StrEnum):
    """What is measured: weight in kg, height and head in cm."""

    WEIGHT = "weight"
    HEIGHT = "height"
    HEAD = "head"


class Sex(StrEnum):
    """The two curves a reference has. A child whose sex is not recorded has no curve."""

    MALE = "male"
    FEMALE = "female"


class Reference(StrEnum):
    """Whose children the child is compared with."""

    R5 = "jp-r5-2023"
    WHO = "who"


@dataclass(frozen=True)
class Percentiles:
    """Seven values of one age, kg or cm."""

    p3: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    p97: float


@dataclass(frozen=True)
class Lms:
    """Box-Cox power, median and coefficient of variation of one age (Cole's LMS method)."""

    power: float
    median: float
    variation: float


@dataclass(frozen=True)
class Curve:
    """Rows of numbers at rising ages (months). ``until``: the last age the reference speaks for."""

    ages: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    until: float

    def at(self, age_months: float) -> tuple[float, ...] | None:
        """The interpolated row; after the last age its values hold to ``until``; outside none."""
        if not self.ages[0] <= age_months <= self.until:
            return None
        if age_months >= self.ages[-1]:
            return self.rows[-1]
        right = bisect_left(self.ages, age_months)
        if self.ages[right] == age_months:
            return self.rows[right]
        share = (age_months - self.ages[right - 1]) / (self.ages[right] - self.ages[right - 1])
        pairs = zip(self.rows[right - 1], self.rows[right], strict=True)
        return tuple(low + (high - low) * share for low, high in pairs)


Curves = dict[tuple[Measure, Sex], Curve]
# Last months of the last band of each R5 table: 6 y 0-6 mo, head 2 y 6-12 mo.
_R5_UNTIL: Final = {Measure.WEIGHT: 78.0, Measure.HEIGHT: 78.0, Measure.HEAD: 36.0}
_PERCENTILES: Final = ("p3", "p10", "p25", "p50", "p75", "p90", "p97")
_LMS: Final = ("L", "M", "S")
_WHO_2006: Final = {"weight_kg": "weight", "length_height_cm": "height", "head_cm": "head"}
_WHO_2007: Final = {"weight": "weight", "stature": "height"}


def _records(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _curves(
    records: Iterator[dict[str, str]],
    columns: tuple[str, ...],
    *,
    measure_of: Callable[[dict[str, str]], str | None],
    age_of: Callable[[dict[str, str]], float],
    until: Mapping[Measure, float],
) -> Curves:
    points: dict[tuple[Measure, Sex], dict[float, tuple[float, ...]]] = {}
    for record in records:
        measure = measure_of(record)
        if measure is None:
            continue
        key = (Measure(measure), Sex(record["sex"]))
        row = tuple(float(record[column]) for column in columns)
        points.setdefault(key, {})[age_of(record)] = row
    return {key: _curve(rows, until.get(key[0])) for key, rows in points.items()}


def _curve(rows: dict[float, tuple[float, ...]], until: float | None) -> Curve:
    ages = tuple(sorted(rows))
    return Curve(
        ages=ages,
        rows=tuple(rows[age] for age in ages),
        until=ages[-1] if until is None else until,
    )


def _r5(name: str, columns: tuple[str, ...]) -> Curves:
    return _curves(
        _records(name),
        columns,
        measure_of=lambda record: record["measure"],
        age_of=lambda record: float(record["age_mid_months"]),
        until=_R5_UNTIL,
    )


@cache
def r5_percentiles() -> Curves:
    """The published percentiles: rows are p3, p10, p25, p50, p75, p90, p97."""
    return _r5("jp_r5_2023_percentiles.csv", _PERCENTILES)


@cache
def r5_lms() -> Curves:
    """Our own fit to them: rows are L, M, S. Not official."""
    return _r5("jp_r5_2023_lms_fitted.csv", _LMS)


def _who(name: str, indicators: Mapping[str, str]) -> Curves:
    return _curves(
        _records(name),
        _LMS,
        measure_of=lambda record: indicators.get(record["indicator"]),
        age_of=lambda record: int(record["age_days"]) / DAYS_PER_MONTH,
        until={},
    )


@cache
def who_lms() -> Curves:
    """WHO 2006 to 60 months, joined by WHO 2007 where it goes on: rows are L, M, S."""
    early = _who("who2006_lms_monthly_0_60.csv", _WHO_2006)
    late = _who("who2007_lms_5_19y.csv", _WHO_2007)
    return {key: _joined(curve, late.get(key)) for key, curve in early.items()}


def _joined(early: Curve, late: Curve | None) -> Curve:
    if late is None:
        return early
    return Curve(early.ages + late.ages, early.rows + late.rows, late.until)
