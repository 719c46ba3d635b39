"""What a barcode reader types for a vaccine box."""

from __future__ import annotations

from datetime import date

import pytest

from app.health_center.barcode import BarcodeUnreadable, Scanned, read_barcode

TODAY = date(2026, 11, 22)
GTIN = "04912345678904"
BOX = Scanned(GTIN, date(2027, 3, 31), "AB123")

SAME = (
    f"01{GTIN}17270331" + "10AB123",
    f"01{GTIN}10AB123\x1d17270331",
    f"]d201{GTIN}17270331" + "10AB123",
    f"(01){GTIN}(17)270331(10)AB123",
    f"(01){GTIN} (17)270331 (10)AB123 ",
    f"01{GTIN}17270300" + "10AB123\r\n",
    f"01{GTIN}21SERIAL9\x1d17270331" + "10AB123",
    "０１０４９１２３４５６７８９０４１７２７０３３１１０ＡＢ１２３",
)


@pytest.mark.parametrize("typed", SAME, ids=range(len(SAME)))
def test_the_same_box_however_the_reader_types_it(typed: str) -> None:
    assert read_barcode(typed, today=TODAY) == BOX


def test_what_is_missing_stays_open() -> None:
    assert read_barcode("10AB123", today=TODAY) == Scanned(None, None, "AB123")
    assert read_barcode(f"01{GTIN}", today=TODAY) == Scanned(GTIN, None, None)


@pytest.mark.parametrize(("year", "read"), [("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)])
def test_a_two_digit_year_is_the_nearest(year: str, read: int) -> None:
    expires_on = read_barcode(f"10A\x1d17{year}0131", today=TODAY).expires_on
    assert expires_on is not None
    assert expires_on.year == read


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("", "nothing"),
        ("hello", "identifier"),
        ("4912345678904", "identifier"),
        ("0104912345678905", "gtin"),
        ("01049123456789", "digits"),
        ("01O4912345678904", "digits"),
        (f"01{GTIN}17271331", "expiry"),
        (f"01{GTIN}1727", "digits"),
        ("10" + "A" * 21, "lot"),
        ("10", "lot"),
        ("10あいう", "lot"),
        ("17270331", "nothing"),
        ("(01)04912345678904)", "digits"),
        ("(01" + GTIN, "brackets"),
        ("1" * 500, "length"),
    ],
)
def test_what_cannot_be_read_says_which_part(typed: str, part: str) -> None:
    with pytest.raises(BarcodeUnreadable) as refused:
        read_barcode(typed, today=TODAY)
    assert refused.value.part == part
