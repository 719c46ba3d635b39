"""The JSON that lists are made of (PS3.18 §10.6.3.3), put together from rendered attributes.

``BASE`` stands for the address of the service; it is a raw control character, which no JSON string
can hold, so nothing in an object can be mistaken for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from dicom_gateway.dicomjson import Rendered, join
from dicom_gateway.index.models import LONGEST_NAME_GROUP
from dicom_gateway.names import fold

BASE: Final = "\x01"
ONLINE: Final = '{"vr":"CS","Value":["ONLINE"]}'


def _tags(*groups: str) -> tuple[str, ...]:
    return tuple(tag for group in groups for tag in group.split())


_STUDY_TAGS: Final = _tags(
    "00080005 00080020 00080030 00080050 00080090 00080201",
    "00100010 00100020 00100030 00100040 0020000D 00200010 00081030",
)
_SERIES_TAGS: Final = _tags(
    "00080005 00080060 0008103E 00080021 00080031 00080201 00180015 00180050",
    "0020000D 0020000E 00200011 00200060 00400244 00400245",
)
_INSTANCE_TAGS: Final = _tags(
    "00080005 00080016 00080018 00080201 0020000D 0020000E 00200013",
    "00280008 00280010 00280011 00280100 00200032 00200037",
)


@dataclass(frozen=True)
class Names:
    """One person name, folded for search, by component group (PS3.5 6.2.1.1)."""

    alphabetic: str
    ideographic: str
    phonetic: str


def study_attributes(rendered: Rendered) -> str:
    """What a study keeps of its first object, as JSON texts by tag."""
    return json.dumps(rendered.pick(*_STUDY_TAGS), ensure_ascii=False)


def series_attributes(rendered: Rendered) -> str:
    """What a series keeps of its first object, as JSON texts by tag."""
    return json.dumps(rendered.pick(*_SERIES_TAGS), ensure_ascii=False)


def study_listing(attributes: str, uid: str, modalities: list[str], counts: tuple[int, int]) -> str:
    """The study as QIDO-RS lists it; ``counts`` are (series, instances)."""
    found: dict[str, str] = json.loads(attributes)
    found["00080056"] = ONLINE
    found["00080061"] = _values("CS", sorted(modalities))
    found["00081190"] = _address(f"studies/{uid}")
    found["00201206"] = _values("IS", [counts[0]])
    found["00201208"] = _values("IS", [counts[1]])
    return join(found)


def series_listing(attributes: str, study: str, uid: str, instances: int) -> str:
    """The series as QIDO-RS lists it."""
    found: dict[str, str] = json.loads(attributes)
    found["00080056"] = ONLINE
    found["00081190"] = _address(f"studies/{study}/series/{uid}")
    found["00201209"] = _values("IS", [instances])
    return join(found)


def instance_listing(rendered: Rendered, path: str, transfer_syntax: str) -> str:
    """The instance as QIDO-RS lists it; ``path`` is its place below the service."""
    found = rendered.pick(*_INSTANCE_TAGS)
    found["00080056"] = ONLINE
    found["00081190"] = _address(path)
    found["00083002"] = _values("UI", [transfer_syntax])
    return join(found)


def folded_names(rendered: Rendered) -> Names:
    """PatientName folded for search."""
    values = rendered.values("00100010")
    groups = values[0] if values and isinstance(values[0], dict) else {}
    folded = (fold(str(groups.get(key, ""))) for key in ("Alphabetic", "Ideographic", "Phonetic"))
    return Names(*(text[:LONGEST_NAME_GROUP] for text in folded))


def _values(vr: str, values: list[str] | list[int]) -> str:
    return json.dumps({"vr": vr, "Value": values}, ensure_ascii=False, separators=(",", ":"))


def _address(path: str) -> str:
    return f'{{"vr":"UR","Value":["{BASE}/{path}"]}}'
