"""Every value of the schedule, moved by one step: a rule that no case notices is not tested."""

from __future__ import annotations

import copy
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

RULES = frozenset(
    [
        "from",
        "to",
        "at",
        "since",
        "until",
        "last",
        "gap",
        "gap_after_skip",
        "first_gap",
        "min_age",
        "max_age",
        "not_if_previous_after",
        "start_until",
        "first_until",
        "consult_after",
        "born_from",
        "program_from",
        "before",
        "as_of_from",
        "as_of_before",
        "unstarted_before",
        "sex",
        "standard_after_skip",
        "kind",
    ]
)
OPTIONAL = frozenset(
    [
        "gap_after_skip",
        "first_gap",
        "min_age",
        "max_age",
        "not_if_previous_after",
        "consult_after",
        "born_from",
        "program_from",
        "sex",
        "standard_after_skip",
    ]
)
AMOUNT = re.compile(r"((?:prev|first)\+)?(\d+)(\.5)?([dmy])(\+1d)?")
WEEKS = re.compile(r"(\d+)w(\d)d")
FISCAL = re.compile(r"fy(\d+)\.(first|last)")
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
GONE = object()


class Mutant(NamedTuple):
    """One value of the content and what it becomes; ``GONE``: the key is taken away."""

    path: Path
    old: object
    new: object

    def applied_to(self, content: dict[str, Any]) -> dict[str, Any]:
        """The content with this one value moved; what lies beside its path is shared."""
        changed: dict[str, Any] = copy.copy(content)
        place: Any = changed
        for key in self.path[:-1]:
            place[key] = copy.copy(place[key])
            place = place[key]
        if self.new is GONE:
            del place[self.path[-1]]
        else:
            place[self.path[-1]] = self.new
        return changed

    def told(self) -> str:
        """One line for the reader of a failed test."""
        new = "gone" if self.new is GONE else self.new
        return f"{'.'.join(map(str, self.path))}: {self.old} -> {new}"


def mutants_of(content: dict[str, Any], start: Path) -> Iterator[Mutant]:
    """The mutants of one part of the content."""
    part: Any = content
    for key in start:
        part = part[key]
    for path, value in _leaves(part, start):
        names = [key for key in path if isinstance(key, str)]
        if names[-1] not in RULES:
            continue
        for new in moved(value):
            yield Mutant(path, value, new)
        if names[-1] in OPTIONAL:
            yield Mutant(path, value, GONE)


def _leaves(node: object, path: Path) -> Iterator[tuple[Path, object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, (*path, index))
    else:
        yield path, node


def moved(value: object) -> list[object]:
    """What a value becomes one step later and one step earlier; nothing for plain words."""
    if isinstance(value, bool):
        return [not value]
    if not isinstance(value, str):
        return []
    if ISO_DAY.fullmatch(value):
        day = date.fromisoformat(value)
        return [(day + timedelta(days=step)).isoformat() for step in (1, -1)]
    if found := AMOUNT.fullmatch(value):
        since, number, half, unit, plus = found.groups("")
        return [f"{since}{int(number) + step}{half}{unit}{plus}" for step in (1, -1)]
    if found := WEEKS.fullmatch(value):
        days = int(found[1]) * 7 + int(found[2])
        return [f"{(days + step) // 7}w{(days + step) % 7}d" for step in (1, -1)]
    return _other_word(value)


def _other_word(value: str) -> list[object]:
    if found := FISCAL.fullmatch(value):
        return [f"fy{int(found[1]) + step}.{found[2]}" for step in (1, -1)]
    words: dict[str, list[object]] = {
        "birth": ["1m"],
        "school-1y": ["school-1d"],
        "school-1d": ["school-1y"],
        "F": ["M"],
        "inactivated": ["injectable_live", "oral_live"],
        "oral_live": ["injectable_live", "inactivated"],
        "injectable_live": ["oral_live", "inactivated"],
    }
    return words.get(value, [])
