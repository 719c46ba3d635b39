"""What speaks against one person, and what does not."""

from __future__ import annotations

import pytest

from dicom_gateway.identity import (
    ANOTHER_BIRTH_DATE,
    ANOTHER_ISSUER,
    ANOTHER_PATIENT,
    ANOTHER_SEX,
    Identity,
)

FIRST = Identity("A-1", "HOSPITAL", "19800102", "F")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (FIRST, ""),
        (Identity("A-1"), ""),
        (Identity("A-1 ", "", "19800102", "F "), ""),
        (Identity("A-2", "HOSPITAL", "19800102", "F"), ANOTHER_PATIENT),
        (Identity("", "HOSPITAL", "19800102", "F"), ANOTHER_PATIENT),
        (Identity("A-1", "CLINIC", "19800102", "F"), ANOTHER_ISSUER),
        (Identity("A-1", "HOSPITAL", "19800103", "F"), ANOTHER_BIRTH_DATE),
        (Identity("A-1", "HOSPITAL", "19800102", "M"), ANOTHER_SEX),
    ],
)
def test_a_conflict_is_named(other: Identity, expected: str) -> None:
    assert FIRST.conflict(other) == expected
    assert other.conflict(FIRST) == expected


def test_what_only_one_tells_is_held_against_the_next() -> None:
    known = Identity("A-1").completed(Identity("A-1", "", "19800102", "F"))
    assert known.conflict(Identity("A-1", "", "19810102", "F")) == ANOTHER_BIRTH_DATE
    assert known.completed(Identity("A-1", "", "", "M")).patient_sex == "F"
