"""One reader for days as people type them: western or 和暦, full-width or not, any usual mark.

``2026-11-22`` · ``２０２６／１１／２２`` · ``20261122`` · ``2026年11月22日（日）`` ·
``令和8年11月22日`` · ``令和元年5月1日`` · ``R8.11.22`` · ``r08/11/22`` · ``㋿8.11.22``. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from app.core.errors import Invalid

LONGEST: Final = 32
_WESTERN = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/.]|年)(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?",
    re.ASCII,
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_ERA = re.compile(
    r"(?P<era>令和|平成|昭和|大正|明治|[RHSTM])(?P<year>\d{1,2}|元)[-/.年]"
    r"(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?",
    re.ASCII,
)
_WEEKDAY = re.compile(r"\([月火水木金土日](?:曜日?)?\)\Z")
# 元号を改める政令 and their forerunners: first and last day, and the year before the first.
_ERAS: Final = {
    "令和": (date(2019, 5, 1), date.max, 2018),
    "平成": (date(1989, 1, 8), date(2019, 4, 30), 1988),
    "昭和": (date(1926, 12, 25), date(1989, 1, 7), 1925),
    "大正": (date(1912, 7, 30), date(1926, 12, 24), 1911),
    "明治": (date(1873, 1, 1), date(1912, 7, 29), 1867),
}
_LETTERS: Final = {"R": "令和", "H": "平成", "S": "昭和", "T": "大正", "M": "明治"}


class NotADay(Invalid):
    """The text names no day of the calendar."""

    code = "not-a-day"

    def __init__(self, text: str) -> None:
        super().__init__("not a day of the calendar")
        self.text = text


def read_day(text: str) -> date:
    """The day somebody typed. Raises ``NotADay``, also for a day its era never had."""
    plain = _WEEKDAY.sub("", _plain(text))
    if len(plain) > LONGEST:
        raise NotADay(text[:LONGEST])
    found = _WESTERN.fullmatch(plain) or _COMPACT.fullmatch(plain)
    if found:
        return _day(text, int(found["year"]), found["month"], found["day"])
    found = _ERA.fullmatch(plain)
    if found is None:
        raise NotADay(text)
    first, last, before = _ERAS[_LETTERS.get(found["era"], found["era"])]
    year = before + (1 if found["year"] == "元" else int(found["year"]))
    day = _day(text, year, found["month"], found["day"])
    if not first <= day <= last:
        raise NotADay(text)
    return day


def _plain(text: str) -> str:
    """Half-width, no spaces, capital letters; ``㋿`` becomes 令和 by NFKC."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(folded.split()).upper().replace("‐", "-").replace("−", "-").replace("ー", "-")


def _day(text: str, year: int, month: str, day: str) -> date:
    try:
        return date(year, int(month), int(day))
    except ValueError as problem:
        raise NotADay(text) from problem
