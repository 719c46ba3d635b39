"""Whom an applicant may be: one exact and uncontradicted match links, doubt goes to the desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest

from app.identity.matching import (
    Applicant,
    Doubt,
    Finding,
    KnownPerson,
    Verdict,
    decide,
    likeness,
    normalised_name,
    same_address,
)

ID = uuid4()
BORN = date(1995, 10, 4)
ADDRESS = "東京都つなぐ市見本町一丁目2番3号"
SHE = Applicant("新顔　初子", BORN, "female", ADDRESS)
RECORD = KnownPerson(ID, "新顔　初子", BORN, "female", ADDRESS)
LINKED = Verdict(Finding.KNOWN, ID)


def doubts(applicant: Applicant, *known: KnownPerson) -> set[Doubt]:
    """The doubts of a verdict that is DOUBTFUL and names nobody."""
    verdict = decide(applicant, known)
    assert (verdict.finding, verdict.person_id) == (Finding.DOUBTFUL, None)
    return set(verdict.doubts)


def test_nobody_alike_is_somebody_new() -> None:
    assert decide(SHE, []) == Verdict(Finding.NEW)
    twin = replace(RECORD, name="新顔　次子")
    assert decide(SHE, [twin]) == Verdict(Finding.NEW)


@pytest.mark.parametrize("name", ["新顔 初子", "新顔　　初子", "新顔　初子 "])
def test_one_exact_match_with_the_same_address_links(name: str) -> None:
    assert decide(SHE, [replace(RECORD, name=name)]) == LINKED


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (replace(RECORD, address=None), {Doubt.NO_ADDRESS}),
        (replace(RECORD, address="北海道とおい市１－１"), {Doubt.ADDRESS_CHANGED}),
        (replace(RECORD, name="旧姓　初子"), {Doubt.NAME_DIFFERS}),
        (replace(RECORD, sex="male"), {Doubt.SEX_DIFFERS}),
        (replace(RECORD, sex="not_known"), {Doubt.SEX_DIFFERS}),
    ],
)
def test_each_difference_is_a_doubt(record: KnownPerson, expected: set[Doubt]) -> None:
    assert doubts(SHE, record) == expected


def test_two_alike_are_never_merged() -> None:
    assert Doubt.SEVERAL in doubts(SHE, RECORD, replace(RECORD, person_id=uuid4()))


@pytest.mark.parametrize(
    ("card", "record"), [("髙崎　初子", "高崎　初子"), ("渡邊　初子", "渡辺　初子")]
)
def test_forms_of_a_character_are_alike_but_not_equal(card: str, record: str) -> None:
    known = replace(RECORD, name=record, address="北海道とおい市１－１")
    expected = {Doubt.NAME_DIFFERS, Doubt.ADDRESS_CHANGED}
    assert doubts(replace(SHE, name=card), known) == expected


def test_a_substitute_character_may_be_any() -> None:
    she = replace(SHE, name="新貌　初子", name_substitutes="01000")
    assert doubts(she, RECORD) == {Doubt.NAME_DIFFERS, Doubt.SUBSTITUTE_CHARACTERS}
    assert not likeness(replace(she, name="古貌　末子"), RECORD)


def test_another_family_name_somewhere_else_is_somebody_else() -> None:
    far = replace(RECORD, name="旧姓　初子", address="北海道とおい市１－１")
    assert decide(SHE, [far]) == Verdict(Finding.NEW)


def test_another_birth_date_is_somebody_else() -> None:
    assert decide(SHE, [replace(RECORD, born_on=date(1995, 10, 5))]) == Verdict(Finding.NEW)


def test_a_birth_date_with_unknown_parts_is_for_the_desk() -> None:
    assert doubts(replace(SHE, born_on=None), RECORD) == {Doubt.BIRTH_DATE_UNKNOWN}


def test_certificates_of_two_birthdays_are_for_the_desk_even_for_somebody_new() -> None:
    assert doubts(replace(SHE, same_card_plausible=False)) == {Doubt.CERTIFICATES_DIFFER}


@pytest.mark.parametrize(
    "changed",
    [
        replace(RECORD, address="北海道とおい市１－１"),
        replace(RECORD, address=None),
        replace(RECORD, name="旧姓　初子"),
        replace(RECORD, name="旧姓　初子", address="北海道とおい市１－１"),
    ],
)
def test_a_second_proof_excuses_a_move_and_a_new_family_name(changed: KnownPerson) -> None:
    assert decide(replace(SHE, proved=ID), [changed]) == LINKED


def test_a_second_proof_does_not_excuse_another_given_name_or_sex() -> None:
    proved = replace(SHE, proved=ID)
    assert doubts(proved, replace(RECORD, name="新顔　次子")) == {Doubt.NAME_DIFFERS}
    assert doubts(proved, replace(RECORD, sex="male")) == {Doubt.SEX_DIFFERS}
    unlike = replace(proved, same_card_plausible=False)
    assert doubts(unlike, RECORD) == {Doubt.CERTIFICATES_DIFFER}


@pytest.mark.parametrize("known", [[], [replace(RECORD, born_on=date(1990, 1, 1))]])
def test_a_second_proof_of_another_birth_date_is_refused(known: list[KnownPerson]) -> None:
    assert decide(replace(SHE, proved=ID), known) == Verdict(Finding.SOMEBODY_ELSE)


def test_a_second_proof_chooses_among_namesakes() -> None:
    namesake = replace(RECORD, person_id=UUID(int=1))
    assert decide(replace(SHE, proved=ID), [namesake, RECORD]) == LINKED


def test_a_stable_id_links_across_name_and_address_and_contradicts_alone() -> None:
    she = replace(SHE, stable_id="provider:1")
    moved = replace(RECORD, name="旧姓　初子", address="北海道とおい市", stable_id="provider:1")
    namesake = replace(RECORD, person_id=uuid4())
    assert decide(she, [namesake, moved]) == LINKED
    other = replace(RECORD, stable_id="provider:2")
    assert doubts(she, other) == {Doubt.STABLE_ID_CONTRADICTS}
    assert doubts(replace(she, proved=ID), other) == {Doubt.STABLE_ID_CONTRADICTS}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ADDRESS, "東京都つなぐ市見本町１丁目２番３号", True),
        (ADDRESS, "東京都つなぐ市見本町1-2-3", True),
        (ADDRESS, "東京都つなぐ市見本町１－２－３", True),
        (ADDRESS, "東京都つなぐ市　見本町　一丁目２番地３", True),
        (ADDRESS, "東京都つなぐ市見本町1-2-4", False),
        (ADDRESS, "東京都つなぐ市見本町1-23", False),
        ("京都市北区一番町1", "京都市北区二番町1", False),
    ],
)
def test_addresses_are_compared_as_they_are_meant(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert same_address(one, other) is same


def test_names_keep_their_characters() -> None:
    assert normalised_name("ﾔﾏﾀﾞ　ﾀﾛｳ") == "ヤマダタロウ"
    assert normalised_name("髙崎") != normalised_name("高崎")
