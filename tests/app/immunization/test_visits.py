"""Visits: doses gathered by day, every one of them valid when given as planned."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.immunization.forecast import ask, forecast_child
from app.immunization.results import GivenDose, Verdict
from app.immunization.schedule import load_schedule
from app.immunization.visits import PATIENCE, Visit, visits_of

BORN = date(2026, 4, 1)
LIFE = timedelta(days=366 * 17)


def plan(
    as_of: date,
    doses: tuple[GivenDose, ...] = (),
    *,
    born_on: date = BORN,
    horizon: timedelta = LIFE,
) -> tuple[Visit, ...]:
    asked = ask(load_schedule(), born_on=born_on, sex="F", given=doses, as_of=as_of)
    return visits_of(asked, horizon=horizon)


def groups(visit: Visit) -> set[str]:
    return {dose.group for dose in visit.doses}


def test_the_first_visit_of_a_baby_gathers_what_begins_at_two_months() -> None:
    first = plan(BORN)[0]
    assert first.on == date(2026, 5, 31)
    assert groups(first) == {"DPT_IPV", "PCV", "HEPB", "ROTA"}
    assert first.by == min(dose.by for dose in first.doses) == first.lead.by
    assert first.lead.group == "ROTA"


def test_a_dose_waits_a_little_for_others_and_never_past_its_own_time() -> None:
    second = plan(BORN)[1]
    alone = second.on - timedelta(days=7)
    five_in_one = next(dose for dose in second.doses if dose.group == "DPT_IPV")
    assert alone == date(2026, 5, 31) + timedelta(days=21)
    assert second.on - alone <= PATIENCE
    assert second.on <= five_in_one.by


def test_two_injected_live_vaccines_share_a_day_or_stand_four_weeks_apart() -> None:
    measles = plan(date(2027, 4, 10), (GivenDose("BCG", date(2027, 3, 30)),))
    together = next(visit for visit in measles if "MR1" in groups(visit))
    assert together.on >= date(2027, 4, 27)
    assert "VAR" in groups(together)


def test_a_late_start_of_rota_asks_for_advice_and_stands_in_no_visit() -> None:
    assert all("ROTA" not in groups(visit) for visit in plan(date(2026, 8, 1)))


def test_a_vaccine_that_waits_for_a_review_stands_in_no_visit() -> None:
    too_soon = (GivenDose("HEPB", BORN + timedelta(61)), GivenDose("HEPB", BORN + timedelta(70)))
    assert all("HEPB" not in groups(visit) for visit in plan(date(2026, 7, 1), too_soon))


def test_nothing_is_planned_past_the_horizon() -> None:
    year = timedelta(days=366)
    assert all(visit.on <= BORN + year for visit in plan(BORN, horizon=year))
    assert len(plan(BORN)) > len(plan(BORN, horizon=year))


@settings(max_examples=40, deadline=None)
@given(
    born_on=st.dates(date(2019, 1, 1), date(2026, 11, 22)),
    age=st.integers(0, 3000),
    seen=st.integers(0, 6),
)
def test_given_as_planned_every_dose_is_valid(born_on: date, age: int, seen: int) -> None:
    as_of = max(born_on + timedelta(age), date(2026, 4, 1))
    done = tuple(
        GivenDose(dose.product, visit.on)
        for visit in plan(as_of, born_on=born_on)[:seen]
        for dose in visit.doses
    )
    later = max((dose.date for dose in done), default=as_of)
    rest = tuple(
        GivenDose(dose.product, visit.on)
        for visit in plan(later, done, born_on=born_on)
        for dose in visit.doses
    )
    everything = (*done, *rest)
    results = forecast_child(
        load_schedule(),
        born_on=born_on,
        sex="F",
        given=everything,
        as_of=max((dose.date for dose in everything), default=as_of),
    )
    verdicts = {dose.verdict for result in results.values() for dose in result.doses}
    assert verdicts <= {Verdict.VALID}


@pytest.mark.parametrize("as_of", [BORN, date(2026, 11, 22), date(2031, 2, 1)])
def test_visits_stand_in_order_and_each_is_open_on_its_day(as_of: date) -> None:
    visits = plan(as_of)
    assert [visit.on for visit in visits] == sorted({visit.on for visit in visits})
    assert all(as_of <= visit.on <= visit.by for visit in visits)
