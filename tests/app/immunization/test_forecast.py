"""The worked cases, one test each, named after their rule."""

from __future__ import annotations

from collections import Counter

import pytest

from app.immunization.schedule import load_schedule
from tests.app.immunization.casebook import Case, read_cases

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_comes_out_as_its_rule_says(case: Case) -> None:
    assert case.differences(load_schedule()) == [], case.rule


def test_every_case_has_a_name_of_its_own_and_a_rule() -> None:
    names = Counter(case.id for case in CASES)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(CASES) >= 150
    assert all(case.rule and case.expect for case in CASES)
