"""What rests on doses that only the family has written, and what does not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.immunization.overview import look_over
from app.immunization.preshot import check_before_shot
from app.immunization.results import GivenDose, Status, Verdict
from app.immunization.schedule import load_schedule
from app.immunization.standing import Standing

BORN = date(2026, 1, 10)
TODAY = date(2027, 2, 1)
BCG = GivenDose("BCG", date(2026, 6, 20))
MR = GivenDose("MR", date(2027, 1, 20))


def resting(
    *given: GivenDose, copies: tuple[GivenDose, ...], standing: Standing | None = None
) -> frozenset[str]:
    over = look_over(
        load_schedule(), born_on=BORN, sex="F", given=given, as_of=TODAY, copies=copies,
        standing=standing or Standing(),
    )  # fmt: skip
    return over.unconfirmed()


def test_what_is_complete_by_a_copy_rests_on_it_and_counts() -> None:
    over = look_over(load_schedule(), born_on=BORN, sex="F", given=[BCG], as_of=TODAY, copies=[BCG])
    assert over.results["BCG"].status is Status.COMPLETE
    assert over.unconfirmed() == {"BCG"}
    assert resting(BCG, copies=()) == frozenset()


def test_a_gap_to_another_vaccine_rests_on_it_too() -> None:
    assert resting(BCG, MR, copies=(MR,)) == {"MR1", "VAR"}


def test_a_copy_beside_the_same_dose_of_staff_changes_nothing() -> None:
    assert resting(BCG, BCG, copies=(BCG,)) == frozenset()


def test_a_family_that_wants_silence_is_not_told_of_it() -> None:
    assert resting(BCG, copies=(BCG,), standing=Standing(quiet=True)) == frozenset()
    refused = Standing(objections=frozenset({"BCG"}))
    assert resting(BCG, copies=(BCG,), standing=refused) == frozenset()


@pytest.mark.parametrize(
    ("days", "verdict", "said"),
    [(3, Verdict.INTERVAL_SHORT, True), (28, Verdict.VALID, False)],
)
def test_the_look_before_a_shot_counts_a_copy_and_says_where_it_decides(
    days: int, verdict: Verdict, *, said: bool
) -> None:
    copy = GivenDose("PCV20", date(2026, 4, 1))
    check = check_before_shot(
        load_schedule(), born_on=BORN, sex="F", given=[copy], product="PCV20",
        on=copy.date + timedelta(days=days), unconfirmed=[copy],
    )  # fmt: skip
    assert check.verdict is verdict
    assert ("shot.unconfirmed" in [one.code for one in check.warnings]) is said
