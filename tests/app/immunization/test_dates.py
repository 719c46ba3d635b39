"""The arithmetic of the law on days, each rule with its published example."""

from __future__ import annotations

from datetime import date

import pytest

from app.immunization import dates


@pytest.mark.parametrize(
    ("born_on", "months", "attained"),
    [
        (date(2026, 7, 31), 2, date(2026, 9, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 28)),
        (date(2025, 3, 1), 12, date(2026, 2, 28)),
        (date(2023, 3, 1), 12, date(2024, 2, 29)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_an_age_is_attained_on_the_eve_or_the_last_day_of_the_month(
    born_on: date, months: int, attained: date
) -> None:
    assert dates.age_attained(born_on, months) == attained


@pytest.mark.parametrize(
    ("previous", "months", "free_on"),
    [
        (date(2025, 11, 30), 3, date(2026, 3, 1)),
        (date(2025, 8, 31), 6, date(2026, 3, 1)),
        (date(2025, 8, 30), 6, date(2026, 3, 1)),
        (date(2023, 8, 29), 6, date(2024, 2, 29)),
        (date(2025, 12, 31), 2, date(2026, 3, 1)),
        (date(2025, 10, 31), 2, date(2025, 12, 31)),
        (date(2026, 1, 15), 6, date(2026, 7, 15)),
    ],
)
def test_an_interval_in_months_rolls_to_the_first_of_the_next(
    previous: date, months: int, free_on: date
) -> None:
    assert dates.after_months(previous, months) == free_on


@pytest.mark.parametrize("days", [6, 20, 27, 60, 139])
def test_an_interval_of_n_days_is_free_n_plus_one_days_later(days: int) -> None:
    free_on = dates.after_days(date(2026, 1, 1), days)
    assert (free_on - date(2026, 1, 1)).days == days + 1


@pytest.mark.parametrize(
    ("previous", "free_on"),
    [
        (date(2025, 4, 1), date(2025, 6, 16)),
        (date(2025, 5, 1), date(2025, 7, 17)),
        (date(2025, 12, 1), date(2026, 2, 15)),
        (date(2023, 12, 1), date(2024, 2, 16)),
    ],
)
def test_half_a_month_is_half_of_the_month_reached(previous: date, free_on: date) -> None:
    assert dates.after_months_and_a_half(previous, 2) == free_on


def test_weeks_count_the_day_of_birth_as_zero() -> None:
    born_on = date(2026, 1, 1)
    assert (dates.weeks_after_birth(born_on, 14, 6) - born_on).days == 104
    assert (dates.weeks_after_birth(born_on, 24) - born_on).days == 168
    assert (dates.weeks_after_birth(born_on, 32) - born_on).days == 224


@pytest.mark.parametrize(
    ("born_on", "enters"),
    [
        (date(2020, 4, 1), date(2026, 4, 1)),
        (date(2020, 4, 2), date(2027, 4, 1)),
        (date(2021, 4, 1), date(2027, 4, 1)),
        (date(2020, 3, 31), date(2026, 4, 1)),
        (date(2020, 12, 31), date(2027, 4, 1)),
    ],
)
def test_school_begins_on_the_first_april_after_six(born_on: date, enters: date) -> None:
    assert dates.school_entry(born_on) == enters


def test_a_birth_on_the_first_of_april_belongs_to_the_fiscal_year_before() -> None:
    early = dates.fiscal_year_of_age(date(2015, 4, 1), 12)
    late = dates.fiscal_year_of_age(date(2015, 4, 2), 12)
    assert early == (date(2026, 4, 1), date(2027, 3, 31))
    assert late == (date(2027, 4, 1), date(2028, 3, 31))


def test_gestation_counts_back_from_forty_weeks() -> None:
    due_on = date(2026, 12, 20)
    assert dates.gestation_day(due_on, 28) == date(2026, 9, 27)
    assert dates.gestation_day(due_on, 36, 6) == date(2026, 11, 28)
