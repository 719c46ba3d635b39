"""One child a line: the exchange by which a municipality checks a conversion of its records. Pure.

``{"born":"2026-04-01","sex":"F","as_of":"2026-11-22","given":[{"product":"RV1","date":"2026-06-01"}]}``
gives ``{"groups":{"ROTA":{"status":…,"earliest":…,"doses":[…]},…}}``; an unreadable line gives
``{"error":…,"line":n}``.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from app.core.errors import Invalid
from app.immunization.faults import AskedBeforeBirth
from app.immunization.forecast import forecast_child
from app.immunization.results import GivenDose, GroupResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.immunization.rules import Schedule, Sex

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_LINE = 1_000_000


class LineUnreadable(Invalid):
    """A line that is not one child."""

    code = "line-unreadable"


def answer_lines(schedule: Schedule, lines: Iterable[bytes]) -> Iterator[tuple[str, bool]]:
    """For each line in turn the answer, and whether the line could be read."""
    for number, line in enumerate(lines, start=1):
        try:
            yield dump(answer(schedule, line)), True
        except Invalid as problem:
            yield dump({"error": str(problem), "line": number}), False


def answer(schedule: Schedule, line: bytes) -> dict[str, Any]:
    """The results of one child. Raises ``Invalid`` with what is wrong."""
    child = _read_object(line)
    born_on, as_of = _day(child, "born"), _day(child, "as_of")
    if as_of < born_on:
        raise AskedBeforeBirth(as_of, born_on)
    results = forecast_child(
        schedule,
        born_on=born_on,
        sex=_sex(child),
        given=_given(schedule, child, born_on),
        as_of=as_of,
    )
    return {"groups": {code: plain(result) for code, result in results.items()}}


def plain(result: GroupResult) -> dict[str, Any]:
    """A result as JSON values; days ISO or null."""
    return {
        "status": result.status.value,
        "next_dose": result.next_dose,
        "next_dose_number": result.next_dose_number,
        "earliest": _iso(result.earliest),
        "standard_from": _iso(result.standard_from),
        "standard_to": _iso(result.standard_to),
        "latest": _iso(result.latest),
        "last_start_to_complete": _iso(result.last_start_to_complete),
        "doses": [dose.verdict.value for dose in result.doses],
    }


def dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_object(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise LineUnreadable(f"line longer than {LONGEST_LINE} bytes")
    try:
        value = json.loads(line.removeprefix(BYTE_ORDER_MARK).decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise LineUnreadable("not UTF-8") from problem
    except json.JSONDecodeError as problem:
        raise LineUnreadable(f"not JSON: {problem.msg}") from problem
    except (ValueError, RecursionError) as problem:
        raise LineUnreadable("not JSON: too deep or a number too long") from problem
    if not isinstance(value, dict):
        raise LineUnreadable("not a JSON object")
    return value


def _field(row: dict[str, Any], name: str, place: str = "") -> Any:
    if name not in row:
        raise LineUnreadable(f"{place}{name} is missing")
    return row[name]


def _day(row: dict[str, Any], name: str, place: str = "") -> date:
    text = _field(row, name, place)
    if not isinstance(text, str) or ISO_DAY.fullmatch(text) is None:
        raise LineUnreadable(f"{place}{name} is not a date such as 2026-04-01: {text!r}"[:200])
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise LineUnreadable(f"{place}{name} is not a day of the calendar: {text}") from problem


def _sex(row: dict[str, Any]) -> Sex:
    sex: Literal["F", "M"]
    match _field(row, "sex"):
        case "F":
            sex = "F"
        case "M":
            sex = "M"
        case other:
            raise LineUnreadable(f"sex is neither F nor M: {other!r}"[:200])
    return sex


def _given(schedule: Schedule, row: dict[str, Any], born_on: date) -> list[GivenDose]:
    doses = _field(row, "given")
    if not isinstance(doses, list):
        raise LineUnreadable("given is not a list")
    return [_dose(schedule, dose, f"given[{i}].", born_on) for i, dose in enumerate(doses)]


def _dose(schedule: Schedule, row: object, place: str, born_on: date) -> GivenDose:
    if not isinstance(row, dict):
        raise LineUnreadable(f"{place.rstrip('.')} is not an object")
    product = _field(row, "product", place)
    if not isinstance(product, str) or product not in schedule.products:
        raise LineUnreadable(f"{place}product is unknown: {product!r}"[:200])
    on = _day(row, "date", place)
    if on < born_on:
        raise LineUnreadable(f"{place}date {on} is before the birth on {born_on}")
    return GivenDose(product, on)
