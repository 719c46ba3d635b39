"""Entries of a calendar: their day stays while it suits, their number counts changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from app.calendar_feed.entries import Entry, as_published, entry_of
from app.immunization.visits import Visit, VisitDose

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
CHILD = (UUID(int=2), "さくら")


def visit(on: date, by: date, target: str = "d1") -> Visit:
    return Visit(on, by, (VisitDose("BCG", "BCG", target, 1, by),))


def entry(one: Visit, before: Entry | None = None, today: date = TODAY) -> Entry:
    published = as_published([before]) if before else {}
    now = NOW + (today - TODAY)
    return entry_of(UUID(int=1), CHILD, one, published, now=now, today=today)


def test_a_coming_visit_stands_on_its_day_and_an_open_one_a_week_ahead() -> None:
    later = TODAY + timedelta(days=60)
    assert entry(visit(later, later + timedelta(30))).on == later
    assert entry(visit(TODAY, TODAY + timedelta(30))).on == TODAY + timedelta(days=7)
    assert entry(visit(TODAY, TODAY + timedelta(3))).on == TODAY + timedelta(days=3)


def test_the_day_stays_while_today_moves_on_until_it_has_passed() -> None:
    first = entry(visit(TODAY, TODAY + timedelta(30)))
    tomorrow = TODAY + timedelta(days=1)
    second = entry(visit(tomorrow, TODAY + timedelta(30)), first, tomorrow)
    assert (second.on, second.sequence, second.changed_at) == (first.on, 0, NOW)
    late = first.on + timedelta(days=1)
    third = entry(visit(late, TODAY + timedelta(30)), second, late)
    assert third.on == late + timedelta(days=7)
    assert (third.uid, third.sequence) == (first.uid, 1)


def test_another_last_day_is_a_change_and_another_dose_another_entry() -> None:
    first = entry(visit(TODAY, TODAY + timedelta(30)))
    shorter = entry(visit(TODAY, TODAY + timedelta(20)), first)
    assert (shorter.uid, shorter.sequence) == (first.uid, 1)
    assert entry(visit(TODAY, TODAY + timedelta(30), "d2")).uid != first.uid
