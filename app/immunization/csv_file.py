"""A file of doses from elsewhere: its encoding, its rows, which column means what. Pure.

UTF-8 (with or without mark) or Shift_JIS as Windows writes it (CP932); commas, tabs or semicolons.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Final

from app.core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ROWS: Final = 100_000
MOST_BYTES: Final = 20 * 1024 * 1024
MOST_COLUMNS: Final = 60
LONGEST_CELL: Final = 500
NEEDED: Final = ("born_on", "product", "given_on")
FIELDS: Final = ("number", "name", "kana", *NEEDED, "lot", "facility", "district")
_HEADINGS: Final = {
    "number": ("手帳番号", "母子手帳番号", "母子健康手帳番号", "番号", "handbook_number", "number"),
    "name": ("氏名", "名前", "お名前", "児氏名", "子の氏名", "対象者氏名", "name"),
    "kana": ("カナ", "かな", "カナ氏名", "氏名カナ", "フリガナ", "ふりがな", "読み", "kana"),
    "born_on": ("生年月日", "誕生日", "born_on", "birthdate", "birth_date"),
    "product": ("ワクチン", "ワクチン名", "予防接種名", "接種種別", "種別", "接種名",
                "product", "vaccine"),
    "given_on": ("接種日", "接種年月日", "実施日", "実施年月日", "given_on", "date"),
    "lot": ("ロット", "ロット番号", "ロットno", "lotno", "製造番号", "lot"),
    "facility": ("接種した所", "医療機関", "医療機関名", "接種場所", "実施機関", "接種医療機関",
                 "facility"),
    "district": ("地区", "地区名", "行政区", "行政区名", "district"),
}  # fmt: skip


class FileUnreadable(Invalid):
    """The file as a whole cannot be used. ``code`` says why."""

    code = "file-unreadable"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class CsvFile:
    """Heading line and rows, each with its line in the file; empty lines are left out."""

    encoding: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_csv(data: bytes) -> CsvFile:
    """The whole file. Raises ``FileUnreadable``."""
    if len(data) > MOST_BYTES:
        raise FileUnreadable("file-too-large")
    text, encoding = _decoded(data)
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = tuple(cell.strip() for cell in cells)
                continue
            rows.append((reader.line_num, tuple(cells)))
            if len(rows) > MOST_ROWS:
                raise FileUnreadable("too-many-rows")
    except csv.Error as problem:
        raise FileUnreadable("not-csv") from problem
    if not rows or len(header) > MOST_COLUMNS:
        raise FileUnreadable("no-rows-in-file" if not rows else "not-csv")
    return CsvFile(encoding, header, tuple(rows))


def _decoded(data: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, encoding
    raise FileUnreadable("unknown-encoding")


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",\t;", key=first.count)


def guess_columns(header: Sequence[str]) -> dict[str, int]:
    """Field -> column, by what the headings are usually called."""
    plain = [_plain(heading) for heading in header]
    found: dict[str, int] = {}
    for field, names in _HEADINGS.items():
        for name in names:
            if _plain(name) in plain and field not in found:
                found[field] = plain.index(_plain(name))
    return found


def problems_of(columns: Mapping[str, int], width: int) -> list[str]:
    """Fields that still need a column: a child is found by number, or by name or reading."""
    missing = [field for field in NEEDED if field not in columns]
    if not {"number", "name", "kana"} & columns.keys():
        missing.insert(0, "number")
    if any(not 0 <= column < width for column in columns.values()):
        missing.append("column")
    return missing


def values_of(
    cells: Sequence[str], columns: Mapping[str, int], width: int
) -> dict[str, str] | None:
    """Field -> text of one row; None for a row with more or fewer cells than the heading line."""
    if len(cells) != width or any(len(cell) > LONGEST_CELL for cell in cells):
        return None
    return {field: cells[column].strip() for field, column in columns.items()}


def _plain(heading: str) -> str:
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(sign for sign in folded if sign not in " _-・.:：")
