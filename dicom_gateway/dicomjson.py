"""DICOM JSON of one object (PS3.18 Annex F), rendered once, after the object is safe.

Values are Unicode throughout, so (0008,0005) says ISO_IR 192. Text that its character set cannot
explain is not guessed: it carries U+FFFD and the object is marked uncertain.
"""

from __future__ import annotations

import json
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dicom_gateway.charsets import REPLACEMENT, mark_unread, require_declared_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

BINARY_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
LARGEST_INLINE_BYTES: Final = 1024
SPECIFIC_CHARACTER_SET: Final = 0x00080005
PIXEL_DATA: Final = 0x7FE00010
UNICODE_LABEL: Final = '{"vr":"CS","Value":["ISO_IR 192"]}'
_UNRENDERABLE: Final = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    struct.error,
)


@dataclass(frozen=True)
class Rendered:
    """One object's attributes as JSON texts by tag (8 hex digits, ascending)."""

    attributes: dict[str, str]
    uncertain: bool

    def pick(self, *tags: str) -> dict[str, str]:
        """Those of the attributes that are there."""
        return {tag: self.attributes[tag] for tag in tags if tag in self.attributes}

    def values(self, tag: str) -> list[Any]:
        """The values of one attribute, empty when there is none."""
        found = json.loads(self.attributes[tag]) if tag in self.attributes else {}
        values: list[Any] = found.get("Value", [])
        return values

    def text(self, tag: str, longest: int) -> str:
        """The first value as text without NUL, cut to the column it goes into."""
        values = self.values(tag)
        first = values[0] if values and values[0] is not None else ""
        return str(first).replace("\0", "")[:longest]

    def number(self, tag: str) -> int:
        """The first value as a whole number; 0 when there is none or it does not fit 32 bits."""
        values = self.values(tag)
        first = values[0] if values else 0
        fits = isinstance(first, int | float) and abs(first) < 2**31
        return int(first) if fits else 0


def join(attributes: dict[str, str]) -> str:
    """One JSON object from attribute texts, tags ascending (PS3.18 F.2.2)."""
    return "{" + ",".join(f'"{tag}":{attributes[tag]}' for tag in sorted(attributes)) + "}"


def render(data_set: Dataset, bulk_uri: Callable[[str], str]) -> Rendered:
    """Every attribute but group lengths; large binary values by URI.

    Args:
        data_set: header of one object, values still raw.
        bulk_uri: address of a top-level value by its tag (8 hex digits).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        require_declared_text(data_set)
        attributes = {}
        for tag in sorted(data_set.keys()):
            if tag.element == 0:
                continue
            text = _attribute(data_set, int(tag), bulk_uri)
            if text is not None:
                attributes[f"{int(tag):08X}"] = text
    if f"{SPECIFIC_CHARACTER_SET:08X}" in attributes:
        attributes[f"{SPECIFIC_CHARACTER_SET:08X}"] = UNICODE_LABEL
    uncertain = any(REPLACEMENT in text for text in attributes.values())
    return Rendered(attributes, uncertain)


def _attribute(data_set: Dataset, tag: int, bulk_uri: Callable[[str], str]) -> str | None:
    """JSON text of one top-level attribute; ``None`` when its value defies its VR."""
    try:
        element = data_set[tag]
        if element.VR in BINARY_VRS and _size(element) > LARGEST_INLINE_BYTES:
            return bulk_reference(element.VR, bulk_uri(f"{tag:08X}"))
        return _element_json(element)
    except _UNRENDERABLE:
        return None


def bulk_reference(vr: str, uri: str) -> str:
    """A value that is fetched by its own address (PS3.18 F.2.2)."""
    return json.dumps({"vr": vr, "BulkDataURI": uri}, separators=(",", ":"))


def _size(element: DataElement) -> int:
    return len(element.value) if isinstance(element.value, bytes) else 0


def _element_json(element: DataElement) -> str:
    if element.VR == "SQ":
        _require_declared_items(element)
    found = element.to_json_dict(None, LARGEST_INLINE_BYTES)
    if element.VR == "SQ":
        _as_unicode(found)
    mark_unread(found)
    return _dump(found)


def _require_declared_items(sequence: DataElement) -> None:
    for item in sequence.value:
        require_declared_text(item)
        for inner in item:
            if inner.VR == "SQ":
                _require_declared_items(inner)


def _as_unicode(entry: dict[str, Any]) -> None:
    """Items are Unicode too: a nested character set label would mislead."""
    for item in entry.get("Value", []):
        for tag, inner in item.items():
            if tag == "00080005":
                inner["Value"] = ["ISO_IR 192"]
            elif inner.get("vr") == "SQ":
                _as_unicode(inner)
            else:
                mark_unread(inner)


def _dump(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")
