"""Single fields of a request: days, identifiers, modifiers. Problems are gathered. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from app.core import clock
from app.fhir.errors import BadParameters
from app.fhir.outcome import Issue
from app.immunization.forecast import EARLIEST_DAY, LATEST_DAY

if TYPE_CHECKING:
    from app.fhir.terminology import Element

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


class Problems:
    """What was found wrong so far."""

    def __init__(self) -> None:
        self._issues: list[Issue] = []

    def add(self, code: str, diagnostics: str, expression: str | None = None) -> None:
        """Note one problem; the value itself is never repeated."""
        self._issues.append(Issue(code, diagnostics, expression))

    def raise_any(self) -> None:
        """Raise ``BadParameters`` if there is a problem."""
        if self._issues:
            raise BadParameters(self._issues)


def day_of(text: object, place: str, problems: Problems) -> date | None:
    """A whole day such as 2026-04-01; None and a problem where it is none."""
    if text is None:
        problems.add("required", "the day is missing", place)
        return None
    if not isinstance(text, str) or DAY.fullmatch(text) is None:
        problems.add("value", "not a whole day such as 2026-04-01", place)
        return None
    try:
        return _possible(date.fromisoformat(text), place, problems)
    except ValueError:
        problems.add("value", "not a day of the calendar", place)
        return None


def japanese_day_of(text: object, place: str, problems: Problems) -> date | None:
    """A day, or the Japanese day of an instant with its offset (FHIR ``dateTime``)."""
    if not isinstance(text, str) or INSTANT.fullmatch(text) is None:
        return day_of(text, place, problems)
    try:
        instant = datetime.fromisoformat(text).astimezone(clock.JST)
    except (ValueError, OverflowError):
        problems.add("value", "not an instant of the calendar", place)
        return None
    return _possible(instant.date(), place, problems)


def _possible(day: date, place: str, problems: Problems) -> date | None:
    if EARLIEST_DAY <= day <= LATEST_DAY:
        return day
    problems.add("value", f"not between {EARLIEST_DAY} and {LATEST_DAY}", place)
    return None


def modifiers(resource: Element, place: str, problems: Problems) -> None:
    """Note what may turn the meaning of a resource round, and an id that is none."""
    for name in ("modifierExtension", "implicitRules"):
        if name in resource:
            problems.add("not-supported", f"{name} is not understood", f"{place}.{name}")
    own = resource.get("id")
    if own is not None and not (isinstance(own, str) and ID.fullmatch(own)):
        problems.add("value", "not a FHIR id", f"{place}.id")
