"""Each rule value of the schedule, moved by one step, breaks a case or is refused by the loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.immunization import assembly, consistency
from app.immunization.faults import ExpressionInvalid
from app.immunization.schedule import DEFAULT_FOLDER, read_files
from tests.app.immunization.casebook import read_cases
from tests.app.immunization.mutants import Mutant, Path, moved, mutants_of

if TYPE_CHECKING:
    from app.immunization.rules import Schedule

CONTENT = read_files(DEFAULT_FOLDER)
CASES = read_cases()
GROUPS: list[Path] = [("groups", "groups", code) for code in CONTENT["groups"]["groups"]]
OTHERS: list[Path] = [("products", "products"), ("products", "between_vaccines")]

# Sold only after October 2020, when an oral live vaccine is treated like an inactivated one, or
# given to the mother, whose doses are not judged here.
LATE_PRODUCTS = {"DPT_IPV_HIB", "PCV15", "PCV20", "HPV9", "LAIV", "RSVPREF"}


def _changes_nothing(mutant: Mutant) -> bool:
    """Moves that no child could notice, by what the row means."""
    *_, place, name = mutant.path
    if name == "kind" and mutant.path[2] in LATE_PRODUCTS:
        return mutant.new in {"oral_live", "inactivated"}
    if mutant.path[2] == "RSVPREF":
        return True
    if place in {"standard", "former"} and name == "from":
        return _opens_earlier_than_legal(mutant)
    return False


def _opens_earlier_than_legal(mutant: Mutant) -> bool:
    """A recommended time that opens with the legal one: opening it earlier still changes nothing.

    The third hepatitis B dose comes 140 days after the first at the earliest, long after 2 months.
    """
    _, _, code, *rest = mutant.path
    if code == "HEPB" and rest[3] == 2:
        return True
    group = CONTENT["groups"]["groups"][code]
    is_series = rest[0] == "series"
    dose = group["series"][rest[1]]["doses"][rest[3]] if is_series else group[rest[0]]["dose"]
    legal = {line["at"] for line in group["window"]["first"]}
    legal |= {dose.get("min_age"), f"prev+{dose.get('gap')}"}
    return mutant.old in legal and mutant.new == moved(mutant.old)[-1]


def _built(mutant: Mutant) -> Schedule | None:
    try:
        schedule = assembly.assemble(mutant.applied_to(CONTENT))
    except ExpressionInvalid:
        return None
    return None if any(consistency.problems_of(schedule)) else schedule


def _survives(mutant: Mutant) -> bool:
    schedule = _built(mutant)
    if schedule is None:
        return False
    code = str(mutant.path[2])
    nearest = sorted(CASES, key=lambda case: code not in case.expect)
    return not any(case.differences(schedule) for case in nearest)


@pytest.mark.parametrize("start", [*GROUPS, *OTHERS], ids=lambda path: str(path[-1]))
def test_every_rule_value_is_held_by_a_case(start: Path) -> None:
    mutants = [mutant for mutant in mutants_of(CONTENT, start) if not _changes_nothing(mutant)]
    assert mutants
    assert [mutant.told() for mutant in mutants if _survives(mutant)] == []
