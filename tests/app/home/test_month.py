"""Months as pictures."""

from __future__ import annotations

from datetime import date

from app.home.month import months_of
from app.immunization.visits import Visit, VisitDose

DOSE = VisitDose("BCG", "BCG", "d1", 1, date(2026, 12, 14))


def visit(on: date, by: date) -> Visit:
    return Visit(on, by, (DOSE,))


def test_a_month_shows_where_a_visit_begins_and_ends_and_today() -> None:
    (december,) = months_of([visit(date(2026, 12, 3), date(2026, 12, 14))], today=date(2026, 12, 1))
    days = {day.on.day: day for week in december.weeks for day in week if day}
    assert [number for number, day in days.items() if day.begins] == [3]
    assert [number for number, day in days.items() if day.ends] == [14]
    assert [number for number, day in days.items() if day.is_today] == [1]
    assert len(days) == 31


def test_weeks_begin_on_sunday_and_leave_other_months_empty() -> None:
    (february,) = months_of([visit(date(2027, 2, 1), date(2027, 2, 2))], today=date(2026, 12, 1))
    assert february.weeks[0][0] is None
    assert february.weeks[0][1] is not None
    assert february.weeks[0][1].on == date(2027, 2, 1)
    assert all(len(week) == 7 for week in february.weeks)


def test_only_the_first_two_months_with_a_visit_are_drawn() -> None:
    visits = [visit(date(2026, month, 1), date(2026, month, 2)) for month in (3, 1, 8, 3)]
    months = months_of(visits, today=date(2026, 1, 1))
    assert [month.first for month in months] == [date(2026, 1, 1), date(2026, 3, 1)]
