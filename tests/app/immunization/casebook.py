"""Reads the worked cases: each states its rule, the child, the doses and what must come out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from app.immunization.forecast import ask, decide_one
from app.immunization.jsonlines import plain
from app.immunization.results import GivenDose

if TYPE_CHECKING:
    from app.immunization.rules import Schedule

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One worked case; ``expect`` lists only the groups and fields under test."""

    id: str
    rule: str
    born_on: date
    sex: Literal["F", "M"]
    as_of: date
    given: tuple[GivenDose, ...]
    expect: dict[str, dict[str, Any]]

    def differences(self, schedule: Schedule) -> list[str]:
        """Every field that does not come out as the case says."""
        asked = ask(
            schedule, born_on=self.born_on, sex=self.sex, given=self.given, as_of=self.as_of
        )
        return [
            f"{group}.{name}: expected {_text(wanted)}, got {found[name]}"
            for group, fields in self.expect.items()
            for found in [plain(decide_one(asked, group))]
            for name, wanted in fields.items()
            if found[name] != _text(wanted)
        ]


def read_cases() -> list[Case]:
    """All cases of all files, in a stable order."""
    return [
        _case(row)
        for path in sorted(FOLDER.glob("*.yaml"))
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _case(row: dict[str, Any]) -> Case:
    return Case(
        id=row["id"],
        rule=row["rule"],
        born_on=row["born"],
        sex=row.get("sex", "F"),
        as_of=row["as_of"],
        given=tuple(_dose(text) for text in row.get("given", ())),
        expect=row["expect"],
    )


def _dose(text: str) -> GivenDose:
    product, _, day = text.partition(" ")
    return GivenDose(product, date.fromisoformat(day))


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
