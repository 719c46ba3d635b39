"""The whole plan of a child, for the picture and its table."""

from __future__ import annotations

from datetime import date

from app.immunization.forecast import ask, forecast_child
from app.immunization.projection import project, sample_timeline
from app.immunization.results import GivenDose, Status, Verdict
from app.immunization.schedule import load_schedule

BORN = date(2026, 4, 1)


def test_a_newborn_s_plan_holds_every_dose_of_the_schedule() -> None:
    plan = sample_timeline(load_schedule(), born_on=BORN)
    doses = {code: [dose.target for dose in doses] for code, doses in plan.items()}
    assert doses == {
        "DPT_IPV": ["p1", "p2", "p3", "booster"],
        "HIB": [],
        "PCV": ["p1", "p2", "p3", "booster"],
        "HEPB": ["d1", "d2", "d3"],
        "ROTA": ["d1", "d2", "d3"],
        "BCG": ["d1"],
        "MR1": ["d1"],
        "MR2": ["d1"],
        "VAR": ["d1", "d2"],
        "JE1": ["p1", "p2", "booster"],
        "JE2": ["d1"],
        "DT2": ["d1"],
        "HPV": ["d1", "d2"],
    }
    assert [dose.age_days for dose in plan["DPT_IPV"]] == [60, 81, 102, 286]


def test_a_plan_that_is_followed_completes_every_vaccine() -> None:
    schedule = load_schedule()
    plan = sample_timeline(schedule, born_on=BORN)
    given = [
        GivenDose(dose.product, dose.on)
        for doses in plan.values()
        for dose in doses
        if dose.product is not None
    ]
    results = forecast_child(schedule, born_on=BORN, sex="F", given=given, as_of=date(2043, 4, 1))
    assert {result.status for result in results.values()} == {Status.COMPLETE}
    verdicts = {dose.verdict for result in results.values() for dose in result.doses}
    assert verdicts == {Verdict.VALID}


def test_given_doses_stand_first_and_nothing_is_planned_in_the_past() -> None:
    as_of = date(2026, 11, 22)
    given = [GivenDose("HEPB", date(2026, 6, 1)), GivenDose("HEPB", date(2026, 7, 1))]
    plan = project(ask(load_schedule(), born_on=BORN, sex="M", given=given, as_of=as_of))
    assert [dose.is_given for dose in plan["HEPB"]] == [True, True, False]
    assert all(dose.is_given or dose.on >= as_of for doses in plan.values() for dose in doses)
    assert plan["HPV"] == ()


def test_a_dose_at_fault_plans_nothing_further() -> None:
    given = [GivenDose("HEPB", date(2026, 6, 1)), GivenDose("HEPB", date(2026, 6, 10))]
    plan = project(ask(load_schedule(), born_on=BORN, sex="F", given=given, as_of=date(2026, 7, 1)))
    assert [dose.verdict for dose in plan["HEPB"]] == [Verdict.VALID, Verdict.INTERVAL_SHORT]
