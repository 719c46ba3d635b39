"""Before the shot: what is said, and what is not held against anybody."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest

from app.immunization.errors import UnknownProduct
from app.immunization.preshot import PreShot, check_before_shot
from app.immunization.results import GivenDose, Verdict
from app.immunization.schedule import load_schedule

BORN = date(2025, 10, 1)


def check(product: str, on: date, *given: GivenDose, sex: Literal["F", "M"] = "F") -> PreShot:
    return check_before_shot(
        load_schedule(), born_on=BORN, sex=sex, given=given, product=product, on=on
    )


def said(answer: PreShot) -> str:
    return " ".join(reason.ja for reason in (*answer.reasons, *answer.warnings))


def test_one_day_short_says_how_many_days_are_left() -> None:
    answer = check("VAR", date(2026, 11, 28), GivenDose("MR", date(2026, 11, 1)))
    assert answer.verdict is Verdict.CROSS_INTERVAL_SHORT
    assert not answer.is_clear
    assert answer.allowed_from == date(2026, 11, 29)
    assert "あと1日" in said(answer)
    assert "27日以上" in said(answer)


def test_the_next_day_is_clear() -> None:
    answer = check("VAR", date(2026, 11, 29), GivenDose("MR", date(2026, 11, 1)))
    assert answer.is_clear
    assert answer.allowed_from is None
    assert answer.groups == ("VAR",)


def test_a_finished_vaccine_says_so() -> None:
    answer = check("MR", date(2026, 11, 22), GivenDose("MR", date(2026, 11, 1)))
    assert answer.verdict is Verdict.SURPLUS
    assert "同じワクチンが済んでいます" in said(answer)


def test_another_pneumococcal_product_is_mentioned_but_valid() -> None:
    answer = check("PCV20", date(2026, 1, 10), GivenDose("PCV15", date(2025, 12, 1)))
    assert answer.is_clear
    assert "15価で開始しています" in said(answer)


def test_a_shot_that_one_vaccine_needs_is_not_surplus_for_the_other() -> None:
    hib = [GivenDose("HIB", day) for day in (date(2025, 12, 1), date(2026, 1, 5), date(2026, 2, 9))]
    four = [GivenDose("DPT_IPV", dose.date) for dose in hib]
    last = GivenDose("HIB", date(2026, 10, 1))
    answer = check("DPT_IPV_HIB", date(2026, 11, 1), *hib, *four, last)
    assert answer.verdict is Verdict.VALID
    assert answer.groups == ("DPT_IPV", "HIB")


def test_too_young_names_the_first_day() -> None:
    answer = check("MR", date(2026, 9, 29))
    assert answer.verdict is Verdict.TOO_EARLY_AGE
    assert answer.allowed_from == date(2026, 9, 30)


def test_an_earlier_fault_is_reviewed_first() -> None:
    faulty = (GivenDose("HEPB", date(2025, 12, 1)), GivenDose("HEPB", date(2025, 12, 20)))
    answer = check("HEPB", date(2026, 5, 1), *faulty)
    assert answer.verdict is None
    assert "先に確認してください" in said(answer)


def test_a_voluntary_vaccine_keeps_only_the_gap_to_others() -> None:
    short = check("MUMPS", date(2026, 11, 22), GivenDose("MR", date(2026, 11, 1)))
    assert short.verdict is Verdict.CROSS_INTERVAL_SHORT
    free = check("MUMPS", date(2026, 11, 29), GivenDose("MR", date(2026, 11, 1)))
    assert free.verdict is None
    assert "任意接種" in said(free)


def test_a_boy_is_not_in_the_hpv_programme() -> None:
    answer = check("HPV9", date(2026, 11, 22), sex="M")
    assert answer.verdict is None
    assert "対象ではありません" in said(answer)


def test_the_vaccine_of_the_mother_belongs_to_her_record() -> None:
    assert "母の記録" in said(check("RSVPREF", date(2026, 11, 22)))


def test_the_same_day_and_a_later_record_are_pointed_out() -> None:
    same = check("BCG", date(2026, 4, 1), GivenDose("BCG", date(2026, 4, 1)))
    assert same.verdict is Verdict.SURPLUS
    assert "同じ日" in said(same)
    later = check("BCG", date(2026, 4, 1), GivenDose("BCG", date(2026, 5, 1)))
    assert later.is_clear
    assert "この日より後" in said(later)


def test_a_product_no_longer_sold_is_pointed_out() -> None:
    assert "販売は2025年7月31日" in said(check("DPT_IPV", date(2026, 1, 10)))


def test_before_the_recommended_time_and_a_late_rota_start_are_said() -> None:
    assert "標準的な時期は" in said(check("BCG", date(2026, 1, 10)))
    assert "かかりつけ医" in said(check("RV5", date(2026, 1, 20)))


def test_an_unknown_product_is_refused() -> None:
    with pytest.raises(UnknownProduct):
        check("XX", date(2026, 1, 10))
