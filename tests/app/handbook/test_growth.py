"""Values read in 令和5年乳幼児身体発育調査 and the WHO standards hold, and rules between them."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.handbook.growth import (
    Measure,
    Reference,
    Sex,
    age_months,
    band,
    centile,
    corrected_age_months,
    is_plausible,
    lms,
    percentiles,
    z_score,
)
from app.handbook.growth_reference import DAYS_PER_MONTH, r5_lms, r5_percentiles, who_lms

BOY, GIRL = Sex.MALE, Sex.FEMALE
BORN = date(2026, 3, 20)


def test_boys_of_12_to_18_months_have_the_published_weights() -> None:
    values = percentiles(Measure.WEIGHT, BOY, 15.0)
    assert values is not None
    assert astuple(values) == (7.94, 8.48, 9.04, 9.66, 10.29, 10.86, 11.43)


@pytest.mark.parametrize(
    ("measure", "sex", "age", "name", "expected"),
    [
        (Measure.WEIGHT, GIRL, 0.0, "p3", 2.22),
        (Measure.WEIGHT, GIRL, 0.0, "p97", 3.66),
        (Measure.HEIGHT, BOY, 75.0, "p50", 114.5),
        (Measure.HEAD, BOY, 0.0, "p50", 33.7),
        (Measure.WEIGHT, BOY, 11.5, "p50", 9.0),
    ],
)
def test_single_published_values(
    measure: Measure, sex: Sex, age: float, name: str, expected: float
) -> None:
    assert getattr(percentiles(measure, sex, age), name) == expected


def test_who_boys_of_12_months_weigh_9_646_kg_in_the_median() -> None:
    found = lms(Measure.WEIGHT, BOY, 365 / DAYS_PER_MONTH, reference=Reference.WHO)
    assert found is not None
    assert found.median == pytest.approx(9.646, abs=0.001)


def test_the_tables_are_whole() -> None:
    bands = {key: len(curve.ages) for key, curve in r5_percentiles().items()}
    assert bands == {
        (measure, sex): 17 if measure is Measure.HEAD else 24 for measure in Measure for sex in Sex
    }
    assert {key: curve.ages for key, curve in r5_lms().items()} == {
        key: curve.ages for key, curve in r5_percentiles().items()
    }


def test_between_two_bands_the_values_lie_on_a_line() -> None:
    between = band(Measure.WEIGHT, BOY, 2.0)
    assert between is not None
    assert between.low == pytest.approx((3.76 + 4.59) / 2)
    assert between.median == pytest.approx((4.8 + 5.8) / 2)
    assert between.high == pytest.approx((5.8 + 6.97) / 2)


@pytest.mark.parametrize(
    ("measure", "last", "end"), [(Measure.HEIGHT, 75.0, 78.0), (Measure.HEAD, 33.0, 36.0)]
)
def test_the_last_band_holds_to_its_end_and_then_there_is_none(
    measure: Measure, last: float, end: float
) -> None:
    assert band(measure, GIRL, end) == band(measure, GIRL, last)
    assert band(measure, GIRL, end + 0.01) is None


def test_before_birth_there_is_no_band() -> None:
    assert band(Measure.WEIGHT, BOY, -0.1) is None


@given(
    measure=st.sampled_from(Measure),
    sex=st.sampled_from(Sex),
    age=st.floats(min_value=0, max_value=36),
)
def test_percentiles_rise(measure: Measure, sex: Sex, age: float) -> None:
    values = percentiles(measure, sex, age)
    assert values is not None
    assert list(astuple(values)) == sorted(set(astuple(values)))


@given(days=st.integers(min_value=0, max_value=2370))
def test_every_day_to_six_and_a_half_years_has_a_band(days: int) -> None:
    assert band(Measure.WEIGHT, GIRL, age_months(BORN, BORN + timedelta(days=days))) is not None


def test_age_is_counted_in_months_of_30_4375_days() -> None:
    assert age_months(BORN, BORN) == 0
    assert age_months(BORN, BORN + timedelta(days=487)) == pytest.approx(16.0)


def test_a_child_of_30_weeks_is_corrected_by_ten_weeks() -> None:
    on = BORN + timedelta(days=100)
    assert corrected_age_months(BORN, on, weeks=30) == pytest.approx(30 / DAYS_PER_MONTH)
    assert corrected_age_months(BORN, BORN, weeks=30) < 0


@pytest.mark.parametrize(("weeks", "days", "missing"), [(36, 6, 22), (37, 0, 0), (41, 3, 0)])
def test_only_births_before_37_weeks_are_corrected(weeks: int, days: int, missing: int) -> None:
    on = BORN + timedelta(days=200)
    difference = age_months(BORN, on) - corrected_age_months(BORN, on, weeks=weeks, days=days)
    assert difference * DAYS_PER_MONTH == pytest.approx(missing)


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("sex", Sex)
def test_the_median_is_z_zero_and_the_band_edges_are_z_1_88(measure: Measure, sex: Sex) -> None:
    for age in (0.0, 4.5, 15.0, 27.0):
        edges = band(measure, sex, age)
        assert edges is not None
        scores = [
            z_score(measure, sex, age, value) for value in (edges.low, edges.median, edges.high)
        ]
        assert scores == pytest.approx([-1.881, 0.0, 1.881], abs=0.12)


def test_centiles_follow_the_normal_distribution() -> None:
    assert centile(0.0) == pytest.approx(50.0)
    assert centile(1.88079) == pytest.approx(97.0, abs=0.001)


def test_who_weight_beyond_three_sd_grows_linearly() -> None:
    age = 365 / DAYS_PER_MONTH
    found = lms(Measure.WEIGHT, BOY, age, reference=Reference.WHO)
    assert found is not None
    at = {
        z: found.median * (1 + found.power * found.variation * z) ** (1 / found.power)
        for z in (2, 3)
    }
    step = at[3] - at[2]
    score = z_score(Measure.WEIGHT, BOY, age, at[3] + 2 * step, reference=Reference.WHO)
    assert score == pytest.approx(5.0)
    low = {
        z: found.median * (1 + found.power * found.variation * z) ** (1 / found.power)
        for z in (-2, -3)
    }
    score = z_score(
        Measure.WEIGHT, BOY, age, low[-3] - (low[-2] - low[-3]), reference=Reference.WHO
    )
    assert score == pytest.approx(-4.0)


def test_who_goes_on_after_five_years_where_it_has_data() -> None:
    assert z_score(Measure.HEIGHT, GIRL, 120.0, 138.0, reference=Reference.WHO) is not None
    assert z_score(Measure.WEIGHT, GIRL, 130.0, 35.0, reference=Reference.WHO) is None
    assert z_score(Measure.HEAD, GIRL, 61.0, 50.0, reference=Reference.WHO) is None
    assert who_lms()[Measure.HEIGHT, GIRL].until == pytest.approx(228, abs=0.5)


def test_grams_typed_as_kilograms_are_not_plausible_and_ordinary_values_are() -> None:
    assert is_plausible(Measure.WEIGHT, BOY, 8.0, 8.2)
    assert not is_plausible(Measure.WEIGHT, BOY, 8.0, 8200.0)
    assert not is_plausible(Measure.WEIGHT, BOY, 8.0, 0.0)


def test_where_the_reference_is_silent_nothing_is_called_implausible() -> None:
    assert is_plausible(Measure.HEAD, BOY, 40.0, 90.0)
