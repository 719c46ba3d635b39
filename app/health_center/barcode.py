"""What a barcode reader types for a vaccine box: a GS1 element string.

GS1 General Specifications 3: GTIN (01), expiry (17) and lot (10); others are read over. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.errors import Invalid

SEPARATOR: Final = "\x1d"
LONGEST: Final = 200
_SYMBOLOGY = re.compile(r"\A\](?:d2|C1|e0|Q3|J1)")
_FIXED: Final = {"01": 14, "02": 14, "11": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2}
_VARIABLE: Final = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8, "240": 30, "241": 30, "91": 90}
_LOT = re.compile(r"[!-~]{1,20}")  # GS1 character set 82 is a part of these
_OLDEST: Final = 51
_YOUNGEST: Final = -50


class BarcodeUnreadable(Invalid):
    """The typed string is no GS1 element string we can read. ``part``: what stood in the way."""

    code = "barcode-unreadable"

    def __init__(self, part: str) -> None:
        super().__init__(f"barcode unreadable: {part}")
        self.part = part


@dataclass(frozen=True)
class Scanned:
    """What stood on the box. Any of it may be missing, but not all."""

    gtin: str | None
    expires_on: date | None
    lot: str | None


def read_barcode(text: str, *, today: date) -> Scanned:
    """GTIN, last day of use and lot. Raises ``BarcodeUnreadable``.

    ``today`` decides the century of the two-digit year (GS1 General Specifications 7.12).
    """
    elements = _elements(unicodedata.normalize("NFKC", text[: LONGEST + 1]).strip(" \t\r\n"))
    gtin, expiry, lot = (elements.get(key) for key in ("01", "17", "10"))
    if gtin is not None and not _check_digit_holds(gtin):
        raise BarcodeUnreadable("gtin")
    if lot is not None and not _LOT.fullmatch(lot):
        raise BarcodeUnreadable("lot")
    if gtin is None and lot is None:
        raise BarcodeUnreadable("nothing")
    return Scanned(gtin, None if expiry is None else _expiry(expiry, today), lot)


def _elements(text: str) -> dict[str, str]:
    """Application identifier -> value, from the raw string or the one with brackets."""
    if len(text) > LONGEST:
        raise BarcodeUnreadable("length")
    rest = _SYMBOLOGY.sub("", text)
    if rest.startswith("("):
        return dict(_bracketed(rest))
    found: dict[str, str] = {}
    while rest := rest.lstrip(SEPARATOR):
        key = _identifier(rest)
        rest = rest[len(key) :]
        if key in _FIXED:
            value, rest = rest[: _FIXED[key]], rest[_FIXED[key] :]
        else:
            value, _, rest = rest.partition(SEPARATOR)
        found[key] = _checked(key, value)
    return found


def _bracketed(text: str) -> list[tuple[str, str]]:
    parts = re.findall(r"\((\d{2,4})\)([^(]*)", text)
    if "".join(f"({key}){value}" for key, value in parts) != text:
        raise BarcodeUnreadable("brackets")
    return [(key, _checked(key, value.strip())) for key, value in parts]


def _identifier(text: str) -> str:
    for length in (2, 3):
        if text[:length] in _FIXED or text[:length] in _VARIABLE:
            return text[:length]
    raise BarcodeUnreadable("identifier")


def _checked(key: str, value: str) -> str:
    length = _FIXED.get(key)
    if length is not None and (len(value) != length or not _is_number(value)):
        raise BarcodeUnreadable("digits")
    if length is None and not 0 < len(value) <= _VARIABLE.get(key, 90):
        raise BarcodeUnreadable("lot" if key == "10" else "length")
    return value


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal()


def _check_digit_holds(gtin: str) -> bool:
    """GS1 General Specifications 7.9: weights 3 and 1 from the left, sum divisible by ten."""
    return sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(gtin)) % 10 == 0


def _expiry(value: str, today: date) -> date:
    """YYMMDD; day 00 is the last day of the month."""
    short, month, day = int(value[:2]), int(value[2:4]), int(value[4:])
    century = today.year - today.year % 100
    distance = short - today.year % 100
    if distance >= _OLDEST:
        century -= 100
    elif distance <= _YOUNGEST:
        century += 100
    try:
        return date(century + short, month, day or monthrange(century + short, month)[1])
    except ValueError as problem:
        raise BarcodeUnreadable("expiry") from problem
