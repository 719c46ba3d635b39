"""Reading the structure of a data set: whole ones pass, broken and hostile ones are refused."""

from __future__ import annotations

import struct

import pytest

from dicom_gateway.errors import BadUid, NotDicom
from dicom_gateway.scan import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    PIXEL_DATA,
    UNDEFINED,
    scan,
)
from dicom_gateway.uid import checked_uid


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """A short element in Explicit VR Little Endian."""
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def long_element(tag: int, vr: bytes, length: int) -> bytes:
    """Head of an element with a 32-bit length."""
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, length)


def item(tag: int, length: int) -> bytes:
    """Head of an item or delimiter."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)


ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
NAME = element(0x00100010, b"PN", b"A^B ")


def test_elements_are_found_where_they_lie() -> None:
    data = b"head" + NAME + element(0x00100020, b"LO", b"12")
    found = scan(data, 4, EXPLICIT_LITTLE).elements
    name = found[0x00100010]
    assert data[name.start : name.start + name.length] == b"A^B "
    assert set(found) == {0x00100010, 0x00100020}


def test_implicit_and_big_endian_are_walked_too() -> None:
    implicit = struct.pack("<HHI", 0x10, 0x20, 2) + b"12"
    big = struct.pack(">HH2sH", 0x10, 0x20, b"LO", 2) + b"12"
    assert scan(implicit, 0, IMPLICIT_LITTLE).elements[0x00100020].length == 2
    assert scan(big, 0, EXPLICIT_BIG).elements[0x00100020].length == 2


def test_a_nested_sequence_of_undefined_length_is_passed_over() -> None:
    inner = long_element(0x00081140, b"SQ", UNDEFINED) + item(ITEM, UNDEFINED) + NAME
    inner += item(ITEM_END, 0) + item(SEQUENCE_END, 0)
    outer = long_element(0x00081115, b"SQ", UNDEFINED) + item(ITEM, UNDEFINED) + inner
    outer += item(ITEM_END, 0) + item(SEQUENCE_END, 0)
    found = scan(outer + NAME, 0, EXPLICIT_LITTLE).elements
    assert set(found) == {0x00081115, 0x00100010}


def test_a_value_of_unknown_type_and_undefined_length_holds_implicit_items() -> None:
    inside = struct.pack("<HHI", 0x10, 0x20, 2) + b"12"
    data = long_element(0x00091001, b"UN", UNDEFINED) + item(ITEM, UNDEFINED) + inside
    data += item(ITEM_END, 0) + item(SEQUENCE_END, 0) + NAME
    assert set(scan(data, 0, EXPLICIT_LITTLE).elements) == {0x00091001, 0x00100010}


def test_fragments_of_encapsulated_pixels_are_noted() -> None:
    data = long_element(PIXEL_DATA, b"OB", UNDEFINED) + item(ITEM, 0)
    data += item(ITEM, 4) + b"abcd" + item(SEQUENCE_END, 0)
    fragments = scan(data, 0, EXPLICIT_LITTLE).fragments
    assert fragments is not None
    assert [data[start : start + length] for start, length in fragments] == [b"", b"abcd"]


DEEP = (long_element(0x00081115, b"SQ", UNDEFINED) + item(ITEM, UNDEFINED)) * 5000


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(NAME[:-1], id="value cut short"),
        pytest.param(NAME + b"\x10", id="head cut short"),
        pytest.param(long_element(PIXEL_DATA, b"OW", 2**31) + b"12", id="length past the end"),
        pytest.param(DEEP, id="nested thousands deep"),
        pytest.param(element(0x00020010, b"UI", b"1.2 "), id="file meta in the data set"),
        pytest.param(b"<html>not an image</html>", id="not DICOM at all"),
        pytest.param(element(0x00100010, b"p\xff", b"12"), id="no value representation"),
        pytest.param(
            long_element(PIXEL_DATA, b"OB", UNDEFINED) + item(ITEM, UNDEFINED),
            id="endless fragment",
        ),
        pytest.param(long_element(0x00081115, b"SQ", UNDEFINED) + NAME, id="no item in a sequence"),
        pytest.param(
            long_element(0x00081115, b"SQ", UNDEFINED) + item(ITEM, 0), id="sequence never closed"
        ),
    ],
)
def test_what_is_broken_is_refused(data: bytes) -> None:
    with pytest.raises(NotDicom):
        scan(data, 0, EXPLICIT_LITTLE)


@pytest.mark.parametrize("value", ["", "../../x", "/etc/x", "1" * 65, "1.2\0", "1.2\n", "１.２"])
def test_an_identifier_is_digits_and_dots_and_not_too_long(value: str) -> None:
    with pytest.raises(BadUid):
        checked_uid(value)
