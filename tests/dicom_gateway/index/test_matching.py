"""Matching of single attributes by the rules of their VR."""

from __future__ import annotations

from typing import Any

import pytest

from dicom_gateway.index.matching import Key, fits, glob


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("", "", True),
        ("", "*", True),
        ("a", "", False),
        ("abc", "a*c", True),
        ("abc", "a?c", True),
        ("abc", "?", False),
        ("abcabd", "*ab?", True),
        ("abc", "abc*", True),
        ("abc", "*d*", False),
        ("[a]", "[a]", True),
        ("a" * 20_000 + "b", "*a*a*a*a*a*c", False),
    ],
)
def test_wildcards_match_the_whole_text(text: str, pattern: str, expected: bool) -> None:  # noqa: FBT001
    assert glob(text, pattern) is expected


@pytest.mark.parametrize(
    ("vr", "value", "wanted", "expected"),
    [
        ("DA", "20260701", "20260701", True),
        ("DA", "2026.07.01", "20260701", True),
        ("DA", "20260701", "20260702-", False),
        ("TM", "1015", "101500", True),
        ("TM", "101530.25", "10", True),
        ("TM", "101530.25", "1016-", False),
        ("DT", "20260701101530+0900", "20260701", True),
        ("DT", "20260701101530", "20260701-20260702", True),
        ("DT", "20260701101530", "-20260630", False),
        ("UI", "1.2", "1.3,1.2", True),
        ("UI", "1.2", "1.20", False),
        ("IS", 2, "2", True),
        ("DS", 2.5, "2.50", True),
        ("DS", 2.5, "x", False),
        ("CS", "CT", "ct", False),
        ("CS", "CT", "C*", True),
        ("PN", {"Alphabetic": "Mihon^A", "Ideographic": "見本^亜"}, "見本*", True),
        ("PN", {"Alphabetic": "Mihon^A", "Ideographic": "見本^亜"}, "mihon*=*亞", True),
        ("PN", {"Alphabetic": "Mihon^A"}, "*=見本", False),
        ("PN", "Mihon", "Mihon", False),
    ],
)
def test_a_value_fits_by_the_rules_of_its_vr(
    vr: str,
    value: Any,
    wanted: str,
    expected: bool,  # noqa: FBT001
) -> None:
    attributes = {"00100010": {"vr": vr, "Value": [value]}}
    assert fits(attributes, Key(("00100010",), wanted)) is expected


def test_any_of_several_values_and_any_item_may_fit() -> None:
    item = {"00080100": {"vr": "SH", "Value": ["A", "B"]}}
    attributes = {"00081032": {"vr": "SQ", "Value": [{}, item]}}
    assert fits(attributes, Key(("00081032", "00080100"), "B"))
    assert not fits(attributes, Key(("00081032", "00080100"), "C"))
    assert not fits(attributes, Key(("00081032", "00080102"), "A"))


def test_an_empty_key_or_a_star_fits_what_is_missing_too() -> None:
    assert fits({}, Key(("00100010",), ""))
    assert fits({}, Key(("00100010",), "*"))
    assert not fits({}, Key(("00100010",), "?*"))
    assert not fits({"00100010": {"vr": "PN"}}, Key(("00100010",), "A"))
