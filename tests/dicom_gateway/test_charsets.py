"""Text in every character set of DICOM becomes Unicode; what cannot be read is marked."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest
from pydicom import dcmread

from dicom_gateway.dicomjson import Rendered, render

REPLACEMENT = "\ufffd"


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """One element in Explicit VR Little Endian, padded to even length."""
    value += b" " * (len(value) % 2)
    if vr == b"SQ":
        return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def header(charset: str, name: bytes) -> bytes:
    """A data set of a character set and a patient's name as bytes."""
    label = element(0x00080005, b"CS", charset.encode("ascii")) if charset else b""
    return label + element(0x00100010, b"PN", name) + element(0x00100020, b"LO", b"T-1")


def rendered(data: bytes) -> Rendered:
    """The JSON of a bare data set."""
    return render(dcmread(io.BytesIO(data), force=True), lambda tag: tag)


def name_in(charset: str, name: bytes) -> tuple[Any, bool]:
    """(the three groups, whether some text was uncertain)."""
    found = rendered(header(charset, name))
    return found.values("00100010")[0], found.uncertain


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        ("", b"Mihon^Kenji", {"Alphabetic": "Mihon^Kenji"}),
        ("ISO_IR 100", "Muster^Jörg".encode("latin-1"), {"Alphabetic": "Muster^Jörg"}),
        ("ISO_IR 144", "Образец^Иван".encode("iso8859_5"), {"Alphabetic": "Образец^Иван"}),
        ("ISO_IR 13", b"\xd0\xce\xdd^\xc0\xdb\xb3", {"Alphabetic": "ﾐﾎﾝ^ﾀﾛｳ"}),
        (
            "\\ISO 2022 IR 87",
            b"Mihon^Umi=" + "見本^海=みほん^うみ".encode("iso2022_jp"),
            {"Alphabetic": "Mihon^Umi", "Ideographic": "見本^海", "Phonetic": "みほん^うみ"},
        ),
        (
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd0\xce\xdd^\xb3\xd0="
            + "見本^海=みほん^うみ".encode("iso2022_jp").replace(b"\x1b(B", b"\x1b(J"),
            {"Alphabetic": "ﾐﾎﾝ^ｳﾐ", "Ideographic": "見本^海", "Phonetic": "みほん^うみ"},
        ),
        (
            "\\ISO 2022 IR 87\\ISO 2022 IR 159",
            b"Mihon=" + "見本侊".encode("iso2022_jp_2"),
            {"Alphabetic": "Mihon", "Ideographic": "見本侊"},
        ),
        (
            "ISO_IR 192",
            "Mihon^Rei=髙見本^零=みほん^れい".encode(),
            {"Alphabetic": "Mihon^Rei", "Ideographic": "髙見本^零", "Phonetic": "みほん^れい"},
        ),
        (
            "GB18030",
            "Yangben^Li=样本^丽".encode("gb18030"),
            {"Alphabetic": "Yangben^Li", "Ideographic": "样本^丽"},
        ),
        (
            "\\ISO 2022 IR 149",
            b"Gyeonbon=\x1b$)C" + "견본".encode("euc_kr"),
            {"Alphabetic": "Gyeonbon", "Ideographic": "견본"},
        ),
        (
            "\\ISO 2022 IR 58",
            b"Yangben=\x1b$)A" + "样本".encode("gb2312"),
            {"Alphabetic": "Yangben", "Ideographic": "样本"},
        ),
    ],
)
def test_a_name_is_read_in_its_character_set(
    charset: str, raw: bytes, expected: dict[str, str]
) -> None:
    assert name_in(charset, raw) == (expected, False)


def test_the_return_to_roman_that_many_modalities_send_undeclared_is_ascii() -> None:
    raw = b"Mihon=" + "見本^海".encode("iso2022_jp").replace(b"\x1b(B", b"\x1b(J")
    assert name_in("\\ISO 2022 IR 87", raw) == (
        {"Alphabetic": "Mihon", "Ideographic": "見本^海"},
        False,
    )


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("", "見本".encode("shift_jis")),
        ("", "ﾐﾎﾝ".encode("shift_jis")),
        ("", "見本".encode()),
        ("", "見本^海".encode("iso2022_jp")),
        ("NO SUCH SET", "見本".encode("euc_jp")),
        ("ISO_IR 13", "見本".encode("shift_jis")),
        ("ISO 2022 IR 13\\ISO 2022 IR 87", "見本".encode("shift_jis")),
        ("ISO_IR 192", "見本".encode("shift_jis")),
        ("\\ISO 2022 IR 87", b"\x1b$B\x7c\x62\x1b(B"),
        ("\\ISO 2022 IR 87", b"\x1b$(D\x22\x6f\x1b(B"),
        ("\\ISO 2022 IR 87", b"\x1b$B\x30"),
    ],
)
def test_what_the_declared_set_cannot_explain_is_marked_and_not_guessed(
    charset: str, raw: bytes
) -> None:
    data = header(charset, b"Mihon^A=" + raw)
    found = rendered(data)
    groups = found.values("00100010")[0]
    assert found.uncertain
    assert REPLACEMENT in groups["Ideographic"]
    assert not set(groups["Ideographic"]) & set("見本ﾐﾎ\x1b")
    assert groups["Alphabetic"] == "Mihon^A"
    assert found.values("00100020") == ["T-1"]


def test_items_are_read_with_their_own_set_and_marked_like_the_rest() -> None:
    inner = header("\\ISO 2022 IR 87", b"A=" + "見本".encode("iso2022_jp"))
    wrong = header("", "見本".encode("shift_jis"))
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(x)) + x for x in (inner, wrong))
    found = rendered(element(0x00101100, b"SQ", items))
    first, second = json.loads(found.attributes["00101100"])["Value"]
    assert first["00100010"]["Value"] == [{"Alphabetic": "A", "Ideographic": "見本"}]
    assert first["00080005"]["Value"] == ["ISO_IR 192"]
    assert REPLACEMENT in second["00100010"]["Value"][0]["Alphabetic"]
    assert found.uncertain
