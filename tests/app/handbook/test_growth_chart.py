"""The drawing says the same as the numbers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.handbook.growth import Measure, Point, Sex, band
from app.handbook.growth_chart import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    GrowthChart,
    Place,
    draw,
)

BORN = date(2026, 3, 20)


def after(months: float) -> date:
    return BORN + timedelta(days=round(months * 30.4375))


def chart(*points: Point, months: float = 8.0, sex: Sex | None = Sex.FEMALE) -> GrowthChart:
    return draw(Measure.WEIGHT, sex, born_on=BORN, points=points, as_of=after(months))


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def test_a_point_on_the_median_lies_on_the_median_line() -> None:
    day = after(4.5)
    edges = band(Measure.WEIGHT, Sex.FEMALE, (day - BORN).days / 30.4375)
    assert edges is not None
    drawn = chart(Point(day, edges.median))
    near = min(places(drawn.median), key=lambda place: abs(place[0] - drawn.dots[0].x))
    assert (drawn.dots[0].x, drawn.dots[0].y) == pytest.approx(near, abs=1.0)


def test_the_band_goes_out_on_the_upper_edge_and_back_on_the_lower() -> None:
    outline = places(chart().band)
    half = len(outline) // 2
    upper, lower = outline[:half], outline[half:][::-1]
    assert [x for x, _ in upper] == [x for x, _ in lower]
    assert all(top < bottom for (_, top), (_, bottom) in zip(upper, lower, strict=True))


def test_points_stand_in_order_of_time_and_are_joined() -> None:
    drawn = chart(Point(after(7), 8.0), Point(after(1), 4.0))
    assert [dot.point.value for dot in drawn.dots] == [4.0, 8.0]
    assert places(drawn.line) == [(dot.x, dot.y) for dot in drawn.dots]
    assert drawn.latest is not None
    assert drawn.latest.point.value == 8.0


@pytest.mark.parametrize(
    ("value", "place"), [(3.0, Place.BELOW), (6.5, Place.INSIDE), (12.0, Place.ABOVE)]
)
def test_each_point_knows_where_it_lies(value: float, place: Place) -> None:
    assert chart(Point(after(5), value)).dots[0].place is place


def test_a_point_before_birth_is_left_out() -> None:
    drawn = chart(Point(BORN - timedelta(days=1), 90.0))
    assert drawn.dots == ()
    assert drawn.value_ticks == chart().value_ticks


def test_without_a_recorded_sex_there_are_points_and_no_band() -> None:
    drawn = chart(Point(after(5), 6.5), sex=None)
    assert (drawn.band, drawn.median) == ("", "")
    assert drawn.dots[0].place is Place.UNKNOWN


def test_without_any_point_the_band_is_still_drawn() -> None:
    drawn = chart()
    assert drawn.band
    assert drawn.latest is None


@pytest.mark.parametrize(
    ("months", "last", "in_years"), [(8, 12, False), (20, 24, False), (30, 4, True), (70, 6, True)]
)
def test_the_axis_counts_months_to_two_years_and_then_years(
    months: int,
    last: int,
    in_years: bool,  # noqa: FBT001 - a parameter of the table above
) -> None:
    tick = chart(months=months).age_ticks[-1]
    assert (tick.number, tick.in_years) == (last, in_years)


def test_preterm_children_get_a_second_series_further_left() -> None:
    drawn = draw(
        Measure.WEIGHT,
        Sex.MALE,
        born_on=BORN,
        points=[Point(BORN, 1.5), Point(after(5), 6.0)],
        as_of=after(8),
        corrected_by_days=70,
    )
    assert len(drawn.dots) == 2
    assert [dot.point.value for dot in drawn.corrected_dots] == [6.0]
    assert drawn.corrected_dots[0].x < drawn.dots[1].x


def test_inner_percentiles_come_only_when_asked_for() -> None:
    assert chart().inner == ()
    drawn = draw(Measure.HEAD, Sex.MALE, born_on=BORN, points=[], as_of=after(8), with_inner=True)
    assert len(drawn.inner) == 4


def test_after_the_survey_ends_the_band_stops_and_points_go_on() -> None:
    drawn = chart(Point(after(100), 30.0), months=100)
    assert max(x for x, _ in places(drawn.band)) < RIGHT - 50
    assert drawn.dots[0].place is Place.UNKNOWN


@given(
    measure=st.sampled_from(Measure),
    sex=st.sampled_from([*Sex, None]),
    months=st.floats(min_value=0, max_value=220),
    values=st.lists(st.floats(min_value=0.5, max_value=190), max_size=6),
)
def test_nothing_is_drawn_outside_the_frame(
    measure: Measure, sex: Sex | None, months: float, values: list[float]
) -> None:
    points = [Point(after(months * i / 6), round(v, 2)) for i, v in enumerate(values)]
    drawn = draw(measure, sex, born_on=BORN, points=points, as_of=after(months))
    spots = places(drawn.band) + places(drawn.median) + places(drawn.line)
    assert len(drawn.dots) == len(points)
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in spots)
    assert len(drawn.value_ticks) <= 11
