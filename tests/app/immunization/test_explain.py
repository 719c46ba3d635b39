"""The reasons: each day has its sentence, its source and its mark."""

from __future__ import annotations

from datetime import date

import pytest

from app.immunization.errors import DoseBeforeBirth, UnknownProduct
from app.immunization.faults import AskedBeforeBirth
from app.immunization.forecast import evaluate_child, forecast_child
from app.immunization.results import GivenDose, GroupResult
from app.immunization.schedule import load_schedule
from tests.app.immunization.casebook import Case, read_cases


def ask(born_on: date, as_of: date, *given: GivenDose) -> dict[str, GroupResult]:
    return evaluate_child(load_schedule(), born_on=born_on, sex="F", given=given, as_of=as_of)


def codes(result: GroupResult) -> list[str]:
    return [reason.code for reason in result.reasons]


def test_an_interval_is_told_with_both_days_in_three_languages() -> None:
    result = ask(date(2026, 8, 1), date(2026, 11, 1), GivenDose("HEPB", date(2026, 10, 25)))["HEPB"]
    reason = next(reason for reason in result.reasons if reason.code == "why.interval")
    assert reason.ja == (
        "前回（2026年10月25日（日））から27日以上あけて、2026年11月22日（日）から受けられます。"
    )
    assert "27 days" in reason.en
    assert "22 November 2026 (Sun)" in reason.en
    assert "27日より ながく" in reason.easy
    assert reason.params == {"gap": "27d", "previous": "2026-10-25", "day": "2026-11-22"}
    assert reason.evidence == "M"
    assert "予防接種実施規則" in reason.citation
    assert "Practice Rules" in reason.citation_en


def test_the_other_live_vaccine_that_holds_a_dose_back_is_named() -> None:
    result = ask(date(2025, 6, 15), date(2026, 7, 1), GivenDose("MUMPS", date(2026, 6, 20)))["MR1"]
    reason = next(reason for reason in result.reasons if reason.code == "why.cross")
    assert "おたふくかぜ（2026年6月20日（土））から27日以上" in reason.ja


def test_a_series_that_cannot_be_finished_says_so() -> None:
    result = ask(date(2010, 6, 1), date(2026, 12, 1))["HPV"]
    assert "why.cannot_finish" in codes(result)
    assert "2026年11月30日" in next(r.ja for r in result.reasons if r.code == "why.cannot_finish")


def test_a_series_that_can_still_be_finished_names_the_last_day() -> None:
    result = ask(date(2010, 6, 1), date(2026, 11, 22))["HPV"]
    assert "why.finish_by" in codes(result)


def test_a_follower_points_to_the_shot_that_covers_it() -> None:
    result = ask(date(2026, 4, 1), date(2026, 11, 22))["HIB"]
    assert result.follows == "DPT_IPV"
    assert codes(result) == ["status.overdue", "why.follows"]


def test_an_unconfirmed_end_of_the_recommended_time_is_not_said() -> None:
    result = ask(date(2026, 5, 10), date(2026, 7, 30), GivenDose("DPT_IPV_HIB", date(2026, 7, 9)))
    assert not result["DPT_IPV"].standard_to_publishable
    assert "why.standard" not in codes(result["DPT_IPV"])
    assert result["DPT_IPV"].reasons[0].code == "status.due_unconfirmed"


@pytest.mark.parametrize("case", read_cases()[::3], ids=lambda case: case.id)
def test_every_case_can_be_told_in_every_language(case: Case) -> None:
    schedule = load_schedule()
    told = evaluate_child(
        schedule, born_on=case.born_on, sex=case.sex, given=case.given, as_of=case.as_of
    )
    plain = forecast_child(
        schedule, born_on=case.born_on, sex=case.sex, given=case.given, as_of=case.as_of
    )
    for code, result in told.items():
        reasons = [*result.reasons, *(dose.reason for dose in result.doses)]
        assert result.reasons
        assert all(r is not None and r.ja and r.en and r.easy and r.citation for r in reasons)
        assert not any("{" in r.ja + r.en + r.easy for r in reasons if r is not None)
        assert (result.status, result.earliest) == (plain[code].status, plain[code].earliest)


def test_impossible_questions_are_refused() -> None:
    born_on = date(2026, 5, 1)
    with pytest.raises(AskedBeforeBirth):
        ask(born_on, date(2026, 4, 30))
    with pytest.raises(DoseBeforeBirth):
        ask(born_on, date(2026, 11, 1), GivenDose("BCG", date(2026, 4, 30)))
    with pytest.raises(UnknownProduct):
        ask(born_on, date(2026, 11, 1), GivenDose("XX", date(2026, 6, 1)))


def test_two_hundred_doses_are_answered() -> None:
    given = [GivenDose("MR", date(2021, 6, 1))] * 200
    result = ask(date(2020, 5, 5), date(2026, 4, 10), *given)
    assert len(result["MR1"].doses) == 200
