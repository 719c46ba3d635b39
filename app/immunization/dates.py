"""The arithmetic of Japanese law on civil days: ages look backwards, intervals roll forwards.

Two different month rules stand here on purpose. An age is attained on the eve of the same-numbered
day (年齢計算ニ関スル法律, 民法143条); where the month lacks that day, on its last day. An interval
(民法143条2項) ends with the eve too, so the next dose is free on the same-numbered day, and on the
first of the following month where the month lacks it.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

MONTHS_A_YEAR = 12
DAYS_A_WEEK = 7
FISCAL_YEAR_STARTS_IN = 4
ATTENDS_SCHOOL_AFTER_YEARS = 6
TERM_DAYS = 40 * DAYS_A_WEEK
ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Two calendar days and all between them, both inclusive."""

    first: date
    last: date


def _month_of(day: date, months: int) -> tuple[int, int]:
    years, month_index = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    return years, month_index + 1


@lru_cache(maxsize=262_144)
def age_attained(born_on: date, months: int) -> date:
    """The day an age in months is attained (X歳・X月に達した日).

    The eve of the same-numbered day; where the month lacks that day, the month's last day.
    年齢計算ニ関スル法律; 民法143条2項. Zero months is the day of birth itself.
    """
    if months == 0:
        return born_on
    year, month = _month_of(born_on, months)
    length = monthrange(year, month)[1]
    if born_on.day > length:
        return date(year, month, length)
    return date(year, month, born_on.day) - ONE_DAY


def weeks_after_birth(born_on: date, weeks: int, days: int = 0) -> date:
    """出生W週D日後, the day of birth being 0 weeks 0 days (予防接種法施行規則, rotavirus)."""
    return born_on + timedelta(days=weeks * DAYS_A_WEEK + days)


def after_days(previous: date, days: int) -> date:
    """First day after at least ``days`` full days (N日以上の間隔, 定期接種実施要領)."""
    return previous + timedelta(days=days + 1)


@lru_cache(maxsize=262_144)
def after_months(previous: date, months: int) -> date:
    """First day after ``months`` (N月以上の間隔): the same day, or the first of the next month.

    民法143条2項; 予防接種実施規則.
    """
    year, month = _month_of(previous, months)
    if previous.day > monthrange(year, month)[1]:
        year, month = _month_of(date(year, month, 1), 1)
        return date(year, month, 1)
    return date(year, month, previous.day)


def after_months_and_a_half(previous: date, months: int) -> date:
    """First day after N月半: the whole months, then half the length of the month reached.

    予防接種実施規則 (HPV, 二月半): 28 days count 14, 29 and 30 count 15, 31 count 16.
    """
    reached = after_months(previous, months)
    length = monthrange(reached.year, reached.month)[1]
    return reached + timedelta(days=(length + 1) // 2)


def fiscal_year(day: date) -> Span:
    """The fiscal year, 1 April to 31 March, that holds a day (年度, 財政法11条)."""
    first_year = day.year if day.month >= FISCAL_YEAR_STARTS_IN else day.year - 1
    return Span(date(first_year, FISCAL_YEAR_STARTS_IN, 1), date(first_year + 1, 3, 31))


def fiscal_year_of_age(born_on: date, years: int) -> Span:
    """X歳となる日の属する年度: the fiscal year in which an age is attained (施行令3条, HPV).

    A birth on 1 April attains the age on 31 March and so belongs to the year before.
    """
    return fiscal_year(age_attained(born_on, years * MONTHS_A_YEAR))


def school_entry(born_on: date) -> date:
    """小学校就学の始期: first 1 April on or after the day after age 6 (学校教育法17条)."""
    day_after = age_attained(born_on, ATTENDS_SCHOOL_AFTER_YEARS * MONTHS_A_YEAR) + ONE_DAY
    this_year = date(day_after.year, FISCAL_YEAR_STARTS_IN, 1)
    if day_after <= this_year:
        return this_year
    return date(day_after.year + 1, FISCAL_YEAR_STARTS_IN, 1)


def gestation_day(due_on: date, weeks: int, days: int = 0) -> date:
    """The day a pregnancy reaches W weeks D days when its due day is 40 weeks 0 days."""
    return due_on - timedelta(days=TERM_DAYS - weeks * DAYS_A_WEEK - days)
