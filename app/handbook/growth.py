"""Where a child's weight, height and head stand among children of the same age. Pure.

Ages are months of 30.4375 days. Printed to families: only the published percentiles of the R5
survey, 3-97 as in 母子健康手帳 since 2025-04. z-scores serve staff and plausibility checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from app.handbook.growth_reference import (
    DAYS_PER_MONTH,
    Lms,
    Measure,
    Percentiles,
    Reference,
    Sex,
    r5_lms,
    r5_percentiles,
    who_lms,
)

if TYPE_CHECKING:
    from datetime import date

__all__ = [
    "Band",
    "Lms",
    "Measure",
    "Percentiles",
    "Point",
    "Reference",
    "Sex",
    "age_months",
    "band",
    "centile",
    "corrected_age_months",
    "is_plausible",
    "lms",
    "percentiles",
    "z_score",
]

TERM_DAYS: Final = 280
PRETERM_BELOW_DAYS: Final = 37 * 7
_NEAR_ZERO: Final = 1e-6
_EXTENSION_FROM: Final = 3.0
_STANDARD: Final = NormalDist()


@dataclass(frozen=True)
class Point:
    """One measurement: kg for weight, cm for height and head.

    ``source`` is who wrote it, as the seal names it (``health_center``, ``guardian``), or empty.
    """

    measured_on: date
    value: float
    source: str = ""


@dataclass(frozen=True)
class Band:
    """The band printed in the handbook: 94 of 100 children lie between ``low`` and ``high``."""

    low: float
    median: float
    high: float


def age_months(born_on: date, on: date) -> float:
    """Chronological age; 0 on the day of birth, negative before it."""
    return (on - born_on).days / DAYS_PER_MONTH


def corrected_age_months(born_on: date, on: date, *, weeks: int, days: int = 0) -> float:
    """修正月齢: age counted from the day 40 weeks would have been full; negative before that day.

    Born at 37 weeks 0 days or later nothing is corrected (早産 is before 37 weeks).
    """
    gestation = weeks * 7 + days
    missing = TERM_DAYS - gestation if gestation < PRETERM_BELOW_DAYS else 0
    return age_months(born_on, on) - missing / DAYS_PER_MONTH


def percentiles(measure: Measure, sex: Sex, age: float) -> Percentiles | None:
    """The R5 percentiles at an age in months, or none outside the survey's ages."""
    row = r5_percentiles()[measure, sex].at(age)
    return None if row is None else Percentiles(*row)


def band(measure: Measure, sex: Sex, age: float) -> Band | None:
    """The 3-97 band at an age in months, or none outside the survey's ages."""
    values = percentiles(measure, sex, age)
    return None if values is None else Band(values.p3, values.p50, values.p97)


def lms(
    measure: Measure, sex: Sex, age: float, *, reference: Reference = Reference.R5
) -> Lms | None:
    """L, M and S at an age in months, or none outside the reference's ages."""
    curves = r5_lms() if reference is Reference.R5 else who_lms()
    row = curves[measure, sex].at(age)
    return None if row is None else Lms(*row)


def z_score(
    measure: Measure, sex: Sex, age: float, value: float, *, reference: Reference = Reference.R5
) -> float | None:
    """z = ((x/M)^L - 1)/(L S); WHO weight beyond ±3 SD by WHO's linear extension.

    ``value`` is positive, kg or cm. None outside the reference's ages.
    """
    found = lms(measure, sex, age, reference=reference)
    if found is None:
        return None
    z = _z(found, value)
    if reference is Reference.WHO and measure is Measure.WEIGHT and abs(z) > _EXTENSION_FROM:
        return _extended_z(found, value, upward=z > 0)
    return z


def _z(reference: Lms, value: float) -> float:
    ratio = value / reference.median
    if abs(reference.power) < _NEAR_ZERO:
        return log(ratio) / reference.variation
    return float((ratio**reference.power - 1) / (reference.power * reference.variation))


def _value_at(reference: Lms, z: float) -> float:
    if abs(reference.power) < _NEAR_ZERO:
        return reference.median * exp(reference.variation * z)
    inner = 1 + reference.power * reference.variation * z
    return float(reference.median * inner ** (1 / reference.power))


def _extended_z(reference: Lms, value: float, *, upward: bool) -> float:
    """Beyond ±3 the distance between 2 and 3 SD is the yardstick (WHO 2006 methods, chapter 7)."""
    sign = 1 if upward else -1
    third = _value_at(reference, sign * _EXTENSION_FROM)
    second = _value_at(reference, sign * (_EXTENSION_FROM - 1))
    return sign * _EXTENSION_FROM + (value - third) / abs(third - second)


def centile(z: float) -> float:
    """The share of children below, in percent (0-100)."""
    return _STANDARD.cdf(z) * 100


def is_plausible(measure: Measure, sex: Sex, age: float, value: float) -> bool:
    """Within ±3 SD of the R5 fit. Outside: ask whether the value is right, never refuse it.

    Where the reference says nothing, everything is plausible.
    """
    z = z_score(measure, sex, age, value) if value > 0 else -_EXTENSION_FROM - 1
    return z is None or abs(z) <= _EXTENSION_FROM
