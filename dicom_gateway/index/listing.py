"""The JSON that lists are made of (PS3.18 §10.6.3.3), put together from rendered attributes.

``BASE`` stands for the address of the service; it is a raw control character, which no JSON string
can hold, so nothing in an object can be mistaken for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

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


_PATIENT_AND_STUDY_MODULES: Final = _tags(
    "00080051 00081032 00081048 00081060 00081080 00081110 00100021 00100022 00100024 00100032",
    "00100034 00101000 00101001 00101002 00101010 00101020 00101030 00102110 00102160 00102180",
    "001021B0 001021C0 00102201 00104000 00120010 00120040 00120062 00321032 00321060",
)
_SERIES_AND_EQUIPMENT_MODULES: Final = _tags(
    "00080068 00080070 00080080 00081010 00081040 00081050 00081070 00081072 00081090 00081111",
    "00081250 00180010 00181000 00181020 00181030 00185100 00200052 00201040 00400253 00400254",
    "00400260 00400275 00540410",
)
_STUDY_COUNTED: Final = _tags("00080056 00080061 00081190 00201206 00201208")
STUDY_ATTRIBUTES: Final = frozenset((*_STUDY_TAGS, *_STUDY_COUNTED, *_PATIENT_AND_STUDY_MODULES))
"""What can be asked of a study (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2; PS3.18 Table 10.6.1-5)."""
SERIES_ATTRIBUTES: Final = frozenset(
    (*_SERIES_TAGS, "00080056", "00081190", "00201209", *_SERIES_AND_EQUIPMENT_MODULES)
)
"""What can be asked of a series (PS3.3 C.7.3.1, C.7.5.1)."""
LISTED: Final = {
    "study": frozenset((*_STUDY_TAGS, *_STUDY_COUNTED)),
    "series": frozenset((*_SERIES_TAGS, *_tags("00080056 00081190 00201209"))),
    "instance": frozenset((*_INSTANCE_TAGS, *_tags("00080056 00081190 00083002"))),
}
"""What lines hold without being asked."""
_RETRIEVE_URL: Final = "00081190"


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
    return Names(*folded_groups(rendered.values("00100010")))


def folded_groups(values: list[Any]) -> tuple[str, str, str]:
    """The three groups of the first PN value of DICOM JSON, folded; empty when there is none."""
    groups = values[0] if values and isinstance(values[0], dict) else {}
    alphabetic, ideographic, phonetic = (
        fold(str(groups.get(key, "")))[:LONGEST_NAME_GROUP]
        for key in ("Alphabetic", "Ideographic", "Phonetic")
    )
    return alphabetic, ideographic, phonetic


def _values(vr: str, values: list[str] | list[int]) -> str:
    return json.dumps({"vr": vr, "Value": values}, ensure_ascii=False, separators=(",", ":"))


def _address(path: str) -> str:
    return f'{{"vr":"UR","Value":["{BASE}/{path}"]}}'


def uid_list(text: str) -> tuple[str, ...]:
    """Identifiers of a list match (PS3.4 C.2.2.2.2), by comma or backslash."""
    return tuple(uid for uid in text.replace("\\", ",").split(",") if uid)


def read_line(text: str) -> dict[str, Any]:
    """A stored line or header by tag."""
    found: dict[str, Any] = json.loads(text, strict=False)
    return found


def write_line(attributes: dict[str, Any]) -> str:
    """The reverse of :func:`read_line`; the service's address keeps its place holder."""
    texts = {
        tag: json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        for tag, entry in attributes.items()
    }
    if _RETRIEVE_URL in attributes:
        path = attributes[_RETRIEVE_URL]["Value"][0].removeprefix(f"{BASE}/")
        texts[_RETRIEVE_URL] = _address(path)
    return join(texts)


def pruned(attributes: dict[str, Any], ways: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """The attributes, sequences cut down to what the ways into them name."""
    found = dict(attributes)
    for tag in {way[0] for way in ways} & found.keys():
        inner = tuple(way[1:] for way in ways if way[0] == tag)
        items = found[tag].get("Value", [])
        found[tag] = {**found[tag], "Value": [_cut(item, inner) for item in items]}
    return found


def _cut(item: Any, ways: tuple[tuple[str, ...], ...]) -> Any:
    if not isinstance(item, dict):
        return item
    kept = {way[0]: item[way[0]] for way in ways if way[0] in item}
    return pruned(kept, tuple(way for way in ways if len(way) > 1))
