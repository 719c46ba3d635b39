"""The worked cases, one test each, named after their rule."""

from __future__ import annotations

from collections import Counter

import pytest

from app.immunization.forecast import ask, decide, decide_one
from app.immunization.schedule import load_schedule
from tests.app.immunization.casebook import Case, read_cases

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_comes_out_as_its_rule_says(case: Case) -> None:
    assert case.differences(load_schedule()) == [], case.rule


def test_a_vaccine_alone_comes_out_as_among_all() -> None:
    schedule = load_schedule()
    for case in CASES:
        asked = ask(
            schedule, born_on=case.born_on, sex=case.sex, given=case.given, as_of=case.as_of
        )
        for code, result in decide(asked).items():
            assert decide_one(asked, code) == result


def test_every_case_has_a_name_of_its_own_and_a_rule() -> None:
    names = Counter(case.id for case in CASES)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(CASES) >= 150
    assert all(case.rule and case.expect for case in CASES)
