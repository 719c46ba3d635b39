"""What was typed into a search: words, and a birth date among them."""

from __future__ import annotations

import re
from datetime import date

BIRTH_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})")


def split_birth_date(typed: str) -> tuple[str, date | None]:
    """The words without the date, and the date; a day that does not exist stays a word."""
    found = BIRTH_DATE.search(typed)
    if not found:
        return typed, None
    try:
        born_on = date(*(int(part) for part in found.groups()))
    except ValueError:
        return typed, None
    return (typed[: found.start()] + typed[found.end() :]).strip(), born_on
