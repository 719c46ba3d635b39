"""Days and ages as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.web import formats

DAY = date(2026, 12, 14)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ja", "2026年12月14日（月）"),
        ("easy", "2026年12月14日（月曜日）"),
        ("en", "Mon 14 Dec 2026"),
    ],
)
def test_a_day(language: str, expected: str) -> None:
    assert formats.day(DAY, language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [("ja", "2026年12月14日（月） 0:05"), ("en", "Mon 14 Dec 2026, 0:05")],
)
def test_an_instant_is_shown_in_japan_time(language: str, expected: str) -> None:
    assert formats.instant(datetime(2026, 12, 13, 15, 5, tzinfo=UTC), language) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 12, 14), "令和8年12月14日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1912, 7, 29), "明治45年7月29日"),
        (date(1873, 1, 1), "明治6年1月1日"),
        (date(1872, 12, 31), "1872年12月31日（火）"),
    ],
)
def test_the_era_of_a_day(value: date, expected: str) -> None:
    assert formats.era(value, "ja") == expected


def test_the_era_in_english() -> None:
    assert formats.era(DAY, "en") == "Reiwa 8, 14 Dec"


@pytest.mark.parametrize(
    ("born_on", "ja", "en"),
    [
        (date(2026, 12, 14), "生後0日", "0 days"),
        (date(2026, 12, 13), "生後1日", "1 day"),
        (date(2026, 11, 15), "生後29日", "29 days"),
        (date(2026, 11, 14), "生後1か月", "1 month"),
        (date(2025, 12, 15), "生後11か月", "11 months"),
        (date(2025, 12, 14), "1歳", "1 year"),
        (date(2023, 10, 1), "3歳2か月", "3 years 2 months"),
        (date(2019, 12, 15), "6歳11か月", "6 years 11 months"),
        (date(2019, 10, 1), "7歳", "7 years"),
    ],
)
def test_an_age(born_on: date, ja: str, en: str) -> None:
    assert formats.age(born_on, DAY, "ja") == ja
    assert formats.age(born_on, DAY, "en") == en


def test_a_month_without_the_day_is_full_on_the_first_of_the_next() -> None:
    born_on = date(2026, 1, 31)
    assert formats.completed_months(born_on, date(2026, 2, 28)) == 0
    assert formats.completed_months(born_on, date(2026, 3, 1)) == 1


def test_before_the_birth_there_is_no_age() -> None:
    with pytest.raises(ValueError, match="before the birth"):
        formats.age(date(2026, 12, 15), DAY, "ja")
