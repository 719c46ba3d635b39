"""How the schedule writes a day of a life, a gap between doses, and an edge of a standard window.

====================  ==========================================================================
``birth``             the day of birth
``2m`` ``3y``         the day that age is attained
``14w6d``             weeks and days from birth
``7m+1d``             the day after
``fy12.first``        first day of the fiscal year in which 12 is attained; ``.last`` its last day
``school-1y``         one year before school entry; ``school-1d`` its eve
``27d`` ``6m``        a gap of at least 27 days, 6 months; ``2.5m`` two and a half months
``prev+27d``          that gap after the previous dose; ``first+6m`` after the first dose
====================  ==========================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from app.immunization import dates
from app.immunization.faults import ExpressionInvalid

AGE = re.compile(r"(?P<number>\d{1,4})(?P<unit>[my])(?:\+(?P<plus>\d{1,3})d)?", re.ASCII)
WEEKS = re.compile(r"(?P<weeks>\d{1,3})w(?P<days>[0-6])d", re.ASCII)
FISCAL = re.compile(r"fy(?P<years>\d{1,2})\.(?P<edge>first|last)", re.ASCII)
GAP = re.compile(r"(?P<number>\d{1,3})(?P<half>\.5)?(?P<unit>[dm])", re.ASCII)
LONGEST_MONTH = 31
SCHOOL_YEAR_BEFORE = "school-1y"
SCHOOL_EVE = "school-1d"


@dataclass(frozen=True, slots=True)
class Moment:
    """A calendar day that follows from the day of birth alone."""

    text: str
    kind: Literal["age", "weeks", "fiscal_first", "fiscal_last", "school"]
    amount: int
    plus_days: int = 0

    def on(self, born_on: date) -> date:
        """The calendar day for a child born on this day."""
        if self.kind == "age":
            return dates.age_attained(born_on, self.amount) + timedelta(days=self.plus_days)
        if self.kind == "weeks":
            return dates.weeks_after_birth(born_on, self.amount, self.plus_days)
        if self.kind == "school":
            entry = dates.school_entry(born_on)
            return date(entry.year - self.amount, entry.month, 1) - timedelta(days=self.plus_days)
        year = dates.fiscal_year_of_age(born_on, self.amount)
        return year.first if self.kind == "fiscal_first" else year.last


@dataclass(frozen=True, slots=True)
class Gap:
    """A minimum interval in full days, in months, or in months and a half."""

    text: str
    unit: Literal["d", "m", "half"]
    number: int
    step: timedelta = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", dates.after_days(date.min, self.number) - date.min)

    @property
    def at_most(self) -> timedelta:
        """No interval of this length is longer."""
        days = 1 if self.unit == "d" else LONGEST_MONTH
        return timedelta(days=(self.number + 1) * days)

    def after(self, previous: date) -> date:
        """First day on which the interval since ``previous`` has passed."""
        if self.unit == "d":
            return previous + self.step
        if self.unit == "m":
            return dates.after_months(previous, self.number)
        return dates.after_months_and_a_half(previous, self.number)


@dataclass(frozen=True, slots=True)
class GapFrom:
    """A gap counted from the previous or from the first dose of the group."""

    since: Literal["prev", "first"]
    gap: Gap


Bound = Moment | GapFrom


def parse_moment(text: str) -> Moment:
    """Read a day of a life. Raises ``ExpressionInvalid``."""
    if text == "birth":
        return Moment(text, "age", 0)
    if text == SCHOOL_YEAR_BEFORE:
        return Moment(text, "school", 1)
    if text == SCHOOL_EVE:
        return Moment(text, "school", 0, plus_days=1)
    if found := AGE.fullmatch(text):
        months = int(found["number"]) * (dates.MONTHS_A_YEAR if found["unit"] == "y" else 1)
        return Moment(text, "age", months, int(found["plus"] or 0))
    if found := WEEKS.fullmatch(text):
        return Moment(text, "weeks", int(found["weeks"]), int(found["days"]))
    if found := FISCAL.fullmatch(text):
        edge: Literal["fiscal_first", "fiscal_last"]
        edge = "fiscal_first" if found["edge"] == "first" else "fiscal_last"
        return Moment(text, edge, int(found["years"]))
    raise ExpressionInvalid(text, "a day of a life such as 2m, 3y, 14w6d, fy12.first or school-1y")


def parse_gap(text: str) -> Gap:
    """Read a gap between doses. Raises ``ExpressionInvalid``."""
    found = GAP.fullmatch(text)
    if found is None or (found["half"] and found["unit"] == "d"):
        raise ExpressionInvalid(text, "a gap such as 27d, 6m or 2.5m")
    if found["half"]:
        return Gap(text, "half", int(found["number"]))
    return Gap(text, "d" if found["unit"] == "d" else "m", int(found["number"]))


def parse_bound(text: str) -> Bound:
    """Read an edge of a standard window: a day of a life or a gap after a dose."""
    since, plus, gap = text.partition("+")
    if plus and since == "prev":
        return GapFrom("prev", parse_gap(gap))
    if plus and since == "first":
        return GapFrom("first", parse_gap(gap))
    return parse_moment(text)
