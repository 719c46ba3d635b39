"""One shot, one record: staff's entry beside what the family copied from its book."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.core.provenance import Source
from app.immunization.entry import DoseEntry
from app.immunization.errors import CopyDiffers
from app.immunization.family_copies import AboutCopy, may_be_same, settle
from app.immunization.models import Dose
from app.immunization.results import GivenDose

ON = date(2026, 11, 5)


def copy(product: str = "MR", on: date = ON, lot: str | None = "AB-1") -> Dose:
    return Dose(
        product=product, given_on=on, lot=lot, facility="みほん小児科", source=Source.GUARDIAN
    )


def entry(**changes: Any) -> DoseEntry:
    return replace(DoseEntry("MR", ON, "AB-1", "保健センター"), **changes)


def given(*doses: Dose) -> list[GivenDose]:
    return [GivenDose(dose.product, dose.given_on) for dose in doses]


@pytest.mark.parametrize("lot", ["AB-1", "ａｂ１", "ab 1", None])
def test_the_same_vaccine_and_day_confirms_the_copy(lot: str | None) -> None:
    theirs, other = copy(), GivenDose("VZV", ON)
    settled = settle(entry(lot=lot), [other, *given(theirs)], [theirs])
    assert settled.copy is theirs
    assert settled.entry == entry(lot=lot)
    assert settled.earlier == (other,)


def test_another_lot_on_the_same_day_is_a_question_with_two_answers() -> None:
    theirs = copy(lot="XY-9")
    with pytest.raises(CopyDiffers) as asked:
        settle(entry(), given(theirs), [theirs])
    assert (asked.value.given_on, asked.value.lot) == (ON, "XY-9")
    assert not asked.value.may_be_further


@pytest.mark.parametrize(
    ("product", "on", "near"),
    [
        ("MR", date(2026, 11, 4), True),
        ("MR", date(2026, 10, 22), True),
        ("MR", date(2026, 10, 21), False),
        ("MR", date(2026, 11, 19), True),
        ("MR", date(2026, 11, 20), False),
        ("MR", date(2026, 10, 5), True),
        ("MR", date(2025, 11, 5), True),
        ("MR", date(2025, 11, 6), False),
        ("MR", date(2026, 9, 5), False),
        ("PCV20", ON, False),
    ],
)
def test_a_slip_of_the_pen_is_near(product: str, on: date, *, near: bool) -> None:
    assert may_be_same(copy(product, on), entry()) is near


@pytest.mark.parametrize(
    ("on", "near"), [(ON, True), (date(2026, 10, 22), True), (date(2026, 10, 5), False)]
)
def test_another_maker_of_one_vaccine_is_near_within_two_weeks(on: date, *, near: bool) -> None:
    assert may_be_same(copy("PCV15", on), entry(product="PCV20")) is near


def test_staff_decide_which_day_is_right_or_that_it_is_another_shot() -> None:
    theirs = copy(on=date(2026, 11, 3))
    doses = given(theirs)
    with pytest.raises(CopyDiffers) as asked:
        settle(entry(), doses, [theirs])
    assert asked.value.may_be_further
    taken = settle(entry(about_copy=AboutCopy.TAKE), doses, [theirs])
    assert (taken.copy, taken.entry.given_on, taken.earlier) == (theirs, ON, ())
    kept = settle(entry(about_copy=AboutCopy.KEEP), doses, [theirs])
    assert (kept.copy, kept.entry.given_on, kept.earlier) == (theirs, date(2026, 11, 3), ())
    assert kept.entry.facility == "みほん小児科"
    further = settle(entry(about_copy=AboutCopy.FURTHER), doses, [theirs])
    assert (further.copy, further.entry.given_on, further.earlier) == (None, ON, tuple(doses))


def test_the_very_day_wins_over_one_that_is_near() -> None:
    near, exact = copy(on=date(2026, 11, 4)), copy()
    settled = settle(entry(), given(near, exact), [near, exact])
    assert settled.copy is exact
    assert settled.earlier == (GivenDose("MR", date(2026, 11, 4)),)


def test_what_staff_recorded_already_asks_nothing_about_a_copy_beside_it() -> None:
    near = copy(on=date(2026, 11, 4))
    settled = settle(entry(), [*given(near), GivenDose("MR", ON)], [near])
    assert settled.copy is None
    assert GivenDose("MR", ON) in settled.earlier
