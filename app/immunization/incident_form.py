"""What a report of a wrong vaccination (間違い接種) asks, read from ``config/incident``. Pure.

The rows are marked unchecked until the ministry's own form is at hand; pages say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.catalogue import read_catalogue
from app.core.errors import Misconfigured
from app.immunization.results import Verdict
from app.immunization.wording import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[2] / "config" / "incident"
LONGEST = 200
OTHER, EXPIRED, WRONG_CHILD = "other", "expired", "child"


class AnswerType(StrEnum):
    """How a question is answered."""

    DAY = "day"
    LINE = "line"
    TEXT = "text"


@dataclass(frozen=True)
class Kind:
    """One kind of error. ``reported`` is False where looking into it showed that there is none."""

    id: str
    words: Words
    verdicts: frozenset[Verdict]
    reported: bool


@dataclass(frozen=True)
class Question:
    """One question to staff. ``always``: answered even where nothing is reported."""

    id: str
    words: Words
    hint: Words | None
    type: AnswerType
    needed: bool
    always: bool
    longest: int

    def is_needed_for(self, kind: Kind) -> bool:
        """Whether a report of this kind is incomplete without the answer."""
        return self.needed and (kind.reported or self.always)


@dataclass(frozen=True)
class ReportForm:
    """The whole form. ``checked``: compared with the official one."""

    source: Words
    checked: bool
    kinds: Mapping[str, Kind]
    questions: tuple[Question, ...]

    def suggest(self, verdict: Verdict | None) -> str:
        """The kind of error that a verdict speaks of."""
        for kind in self.kinds.values():
            if verdict in kind.verdicts:
                return kind.id
        return OTHER


@cache
def load_report_form(folder: Path = FOLDER) -> ReportForm:
    """The form in force. Raises ``Misconfigured`` with everything that is wrong with it."""
    content = read_catalogue(folder / "report.yaml", FOLDER / "schema.json")
    if problems := _twice(content):
        raise Misconfigured("config/incident: " + "; ".join(problems))
    return ReportForm(
        _words(content["source"]),
        content["mark"] == "checked",
        {row["id"]: _kind(row) for row in content["kinds"]},
        tuple(_question(row) for row in content["questions"]),
    )


def _twice(content: dict[str, Any]) -> list[str]:
    problems = []
    for part in ("kinds", "questions"):
        ids = [row["id"] for row in content[part]]
        problems += [f"{part}: {one} is there twice" for one in set(ids) if ids.count(one) > 1]
    known = {row["id"] for row in content["kinds"]}
    missing = sorted({OTHER, EXPIRED, WRONG_CHILD} - known)
    return problems + [f"kinds: {one} is missing" for one in missing]


def _kind(row: dict[str, Any]) -> Kind:
    verdicts = frozenset(Verdict(one) for one in row["verdicts"])
    return Kind(row["id"], _words(row), verdicts, row.get("reported", True))


def _question(row: dict[str, Any]) -> Question:
    return Question(
        row["id"],
        _words(row),
        _words(row["hint"]) if "hint" in row else None,
        AnswerType(row["type"]),
        row["needed"],
        row.get("always", False),
        row.get("longest", LONGEST),
    )


def _words(row: dict[str, Any]) -> Words:
    return Words(row["ja"], row["en"], row["easy"])
