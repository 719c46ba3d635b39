"""CSV that a spreadsheet opens as it is meant: UTF-8 with a mark, and no cell that is a formula."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MARK: Final = "\ufeff"
_STARTS: Final = tuple("=+-@\t\r\n＝＋－＠")


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a CSV file (RFC 4180), the byte order mark first."""
    yield MARK
    for row in rows:
        line = StringIO()
        csv.writer(line).writerow([harmless(cell) for cell in row])
        yield line.getvalue()


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would run gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{cell}" if cell.lstrip(" \u3000").startswith(_STARTS) else cell
