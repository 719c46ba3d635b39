"""One reader for days as people type them."""

from __future__ import annotations

from datetime import date

import pytest

from app.web.days import NotADay, read_day

THE_DAY = (
    "2026-11-22", "2026/11/22", "2026.11.22", "20261122", "２０２６／１１／２２",
    "２０２６１１２２", "2026年11月22日", "２０２６年１１月２２日（日）", "2026年11月22日(日曜日)",
    " 2026 / 11 / 22 ", "令和8年11月22日", "令和８年１１月２２日", "R8.11.22", "r8/11/22",
    "Ｒ０８．１１．２２", "㋿8.11.22",
    "R8年11月22日", "2026ー11ー22",
)  # fmt: skip


@pytest.mark.parametrize("typed", THE_DAY)
def test_one_day_in_many_writings(typed: str) -> None:
    assert read_day(typed) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("H1.1.8", date(1989, 1, 8)),
        ("S64.1.7", date(1989, 1, 7)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("M45.7.29", date(1912, 7, 29)),
        ("2024-2-29", date(2024, 2, 29)),
    ],
)
def test_eras_begin_and_end_on_their_days(typed: str, day: date) -> None:
    assert read_day(typed) == day


@pytest.mark.parametrize(
    "typed",
    [
        "", "yesterday", "2026-02-30", "2025-2-29", "令和8年2月30日", "令和元年4月30日",
        "平成31年5月1日", "H40.1.1", "明治5年1月1日", "2026-13-01", "26-11-22", "11/22", "2026112",
        "X8.11.22", "令和8年",
        "2026-11-22T00:00", "0000-01-01", "1" * 40, "٢٠٢٦-١١-٢٢", "2026-11-22; DROP",
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(NotADay):
        read_day(typed)
