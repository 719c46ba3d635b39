"""The timeline keeps doses in order, apart and inside its strip."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.immunization.timeline import (
    RADIUS,
    WIDTH,
    DoseState,
    TimelineDose,
    TimelineRow,
    TimelineWindow,
    lay_out,
)


def dose(age_days: int, state: DoseState = DoseState.DONE) -> TimelineDose:
    return TimelineDose(age_days=age_days, state=state, label=f"{age_days}")


def test_doses_stand_in_order_of_age() -> None:
    drawn = lay_out([TimelineRow("BCG", (dose(240), dose(60)))])
    assert [mark.label for mark in drawn.strips[0].marks] == ["60", "240"]


def test_the_first_year_gets_more_room_than_the_second() -> None:
    row = TimelineRow("五種混合", (dose(0), dose(365), dose(730)))
    first, second, third = (mark.x for mark in lay_out([row]).strips[0].marks)
    assert second - first > 2 * (third - second)


def test_today_stands_where_a_dose_of_today_would() -> None:
    drawn = lay_out([TimelineRow("BCG", (dose(247),))], today_days=247)
    assert drawn.today_x == drawn.strips[0].marks[0].x
    assert lay_out([TimelineRow("BCG", ())]).today_x is None


def test_a_period_covers_the_doses_given_in_it() -> None:
    row = TimelineRow("BCG", (dose(200),), (TimelineWindow(152, 243),))
    strip = lay_out([row]).strips[0]
    assert strip.bars[0].x < strip.marks[0].x < strip.bars[0].x + strip.bars[0].width


def test_the_axis_ends_where_the_last_period_needs_it() -> None:
    short = lay_out([TimelineRow("BCG", (dose(240),))])
    long = lay_out([TimelineRow("HPV", (), (TimelineWindow(4383, 5844),))])
    assert (short.ticks[-1].number, short.ticks[-1].in_years) == (1, True)
    assert long.ticks[-1].number == 17


def test_half_a_year_is_counted_in_months() -> None:
    tick = lay_out([TimelineRow("BCG", (dose(240),))]).ticks[1]
    assert (tick.number, tick.in_years) == (6, False)


def test_the_key_explains_doses_that_do_not_count_only_when_there_are_some() -> None:
    assert not lay_out([TimelineRow("BCG", (dose(240),))]).has_void
    assert lay_out([TimelineRow("BCG", (dose(24, DoseState.VOID),))]).has_void


@given(ages=st.lists(st.integers(min_value=0, max_value=9000), max_size=8))
def test_doses_never_cover_each_other_nor_leave_the_strip(ages: list[int]) -> None:
    row = TimelineRow("HPV", tuple(dose(age) for age in ages))
    places = [mark.x for mark in lay_out([row]).strips[0].marks]
    assert all(RADIUS <= x <= WIDTH - RADIUS for x in places)
    assert all(right - left >= 2 * RADIUS for left, right in pairwise(places))
