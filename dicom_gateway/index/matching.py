"""Whether attributes in DICOM JSON fit a match key (PS3.4 C.2.2.2, PS3.18 8.3.4.1).

Serves the keys no index is kept for; names are compared folded, in all three groups.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dicom_gateway.index.name_search import NamePattern, name_pattern
from dicom_gateway.names import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGES: Final = {"DA": ("00000000", "99999999"), "TM": ("000000", "235960.999999")}
_NUMBERS: Final = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_UID_LIST: Final = re.compile(r"[,\\]")
_OFFSET: Final = re.compile(r"[+-][0-9]{4}$", re.ASCII)
_LOWEST_INSTANT: Final = "00010101000000.000000"
_HIGHEST_INSTANT: Final = "99991231235959.999999"


@dataclass(frozen=True)
class Key:
    """One match key: the way to the attribute (tags of 8 hex digits, through sequences)."""

    path: tuple[str, ...]
    value: str

    @property
    def is_universal(self) -> bool:
        """Whether everything fits, also a missing attribute (PS3.4 C.2.2.2.3)."""
        return not self.value.strip("*")


def fits(attributes: Mapping[str, Any], key: Key) -> bool:
    """Whether the attribute has a value that fits the key."""
    if key.is_universal:
        return True
    entry = attributes.get(key.path[0])
    if not isinstance(entry, dict):
        return False
    values = entry.get("Value", [])
    if len(key.path) > 1:
        inner = Key(key.path[1:], key.value)
        return any(isinstance(item, dict) and fits(item, inner) for item in values)
    return any(_value_fits(str(entry.get("vr", "")), value, key.value) for value in values)


def _value_fits(vr: str, value: Any, wanted: str) -> bool:
    if vr == "PN":
        return isinstance(value, dict) and _name_fits(value, name_pattern(wanted))
    if vr in {"DA", "TM", "DT"}:
        return _in_range(vr, str(value), wanted)
    if vr == "UI":
        return str(value) in _UID_LIST.split(wanted)
    if vr in _NUMBERS:
        return _same_number(value, wanted)
    return glob(str(value), wanted)


def _name_fits(groups: dict[str, Any], pattern: NamePattern) -> bool:
    folded = [fold(str(groups.get(name, ""))) for name in _GROUPS]
    if pattern.anywhere:
        return any(glob(group, pattern.anywhere) for group in folded)
    pairs = zip(folded, pattern.groups, strict=False)
    return all(glob(group, one) for group, one in pairs if one)


def _same_number(value: Any, wanted: str) -> bool:
    try:
        return float(value) == float(wanted)
    except (TypeError, ValueError):
        return str(value) == wanted


def _in_range(vr: str, value: str, wanted: str) -> bool:
    """One moment or a range open at either end; a coarser key covers all it does not say."""
    text = value.replace(".", "") if vr == "DA" else value.replace(":", "")
    if vr == "DT":
        text, wanted = _OFFSET.sub("", text), _OFFSET.sub("", wanted)
    lowest, highest = _RANGES.get(vr, (_LOWEST_INSTANT, _HIGHEST_INSTANT))
    first, dash, last = wanted.replace(":", "").partition("-")
    low = (first or lowest) + lowest[len(first) :] if first else lowest
    end = last if dash else first
    high = end + highest[len(end) :] if end else highest
    return low <= text + lowest[len(text) :] <= high


def glob(text: str, pattern: str) -> bool:
    """Wildcard matching of the whole text in time proportional to text times pattern."""
    at = along = 0
    star, resume = -1, 0
    while at < len(text):
        if along < len(pattern) and pattern[along] == "*":
            star, resume, along = along, at, along + 1
        elif along < len(pattern) and pattern[along] in {"?", text[at]}:
            at, along = at + 1, along + 1
        elif star >= 0:
            resume += 1
            at, along = resume, star + 1
        else:
            return False
    return not pattern[along:].strip("*")
