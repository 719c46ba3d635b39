"""Which representation is asked for, and whether the stored one will do (PS3.18 §8.3.3, §8.7).

Objects go out as they are stored; a request that would need another encoding is not acceptable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dicom_gateway import syntax
from dicom_gateway.errors import Contradiction, NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Iterable

OCTETS: Final = "application/octet-stream"
DICOM: Final = "application/dicom"
JSON: Final = "application/dicom+json"
MULTIPART: Final = "multipart/related"
_PART: Final = re.compile(r'(?:[^,"]|"[^"]*")+')
_PARAMETER: Final = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;\s]*)')
_LONGEST: Final = 2048


@dataclass(frozen=True)
class Range:
    """One entry of an Accept header; ``kind`` is the type inside when it is multipart."""

    kind: str
    multipart: bool
    transfer_syntax: str
    quality: float = 1.0


@lru_cache(maxsize=256)
def parse(header: str) -> tuple[Range, ...]:
    """All entries with a quality above zero; an absent header accepts anything."""
    if len(header) > _LONGEST:
        raise NotAcceptable("Accept header is too long")
    found = [_parse_one(part.strip()) for part in _PART.findall(header or "*/*")]
    return tuple(one for one in found if one is not None)


def _parse_one(part: str) -> Range | None:
    name = part.split(";", 1)[0].strip().lower()
    parameters = {k.lower(): v.strip('"') for k, v in _PARAMETER.findall(part)}
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    if not quality > 0:
        return None
    multipart = name == MULTIPART
    kind = parameters.get("type", "*/*").lower() if multipart else name
    return Range(kind, multipart, parameters.get("transfer-syntax", ""), quality)


def require_json(header: str) -> None:
    """Raises NotAcceptable: the client takes no JSON."""
    kinds = {"*/*", "application/*", "application/json", JSON}
    if not any(one.kind in kinds and not one.multipart for one in parse(header)):
        raise NotAcceptable("lists and metadata are JSON")


@dataclass(frozen=True)
class Representation:
    """How an answer is packed: its inner media type, and whether in parts."""

    kind: str
    multipart: bool


def choose_frame(header: str, transfer_syntax: str, *, single: bool) -> Representation:
    """How frames stored in ``transfer_syntax`` go out.

    Raises:
        NotAcceptable: only by decoding or recoding could the request be met.
    """
    stored = syntax.frame_media_type(transfer_syntax)
    named = syntax.frame_syntax(transfer_syntax)
    for one in parse(header):
        if one.kind not in {"*/*", stored, OCTETS} and not _image_wildcard(one.kind, stored):
            continue
        if not one.multipart and one.kind != "*/*" and not single:
            continue
        if _frame_syntax_fits(one, stored, named):
            kind = OCTETS if one.kind == OCTETS else stored
            return Representation(kind, multipart=one.multipart or one.kind == "*/*")
    raise NotAcceptable("frames are sent only as they are stored")


def _image_wildcard(kind: str, stored: str) -> bool:
    return kind == "image/*" and stored.startswith("image/")


def _frame_syntax_fits(one: Range, stored: str, named: str) -> bool:
    if one.transfer_syntax in {"*", named}:
        return True
    if one.transfer_syntax:
        return False
    if one.kind == OCTETS:
        return named == syntax.EXPLICIT_VR_LITTLE_ENDIAN
    return stored != OCTETS or named == syntax.EXPLICIT_VR_LITTLE_ENDIAN or one.kind == "*/*"


def choose_object(header: str, transfer_syntaxes: set[str], *, single: bool) -> Representation:
    """How whole objects go out; without a named syntax as stored, for a file names its own.

    Raises:
        NotAcceptable: another type or another transfer syntax is demanded.
    """
    for one in parse(header):
        if one.kind not in {"*/*", "application/*", DICOM}:
            continue
        if one.transfer_syntax not in {"", "*"} and transfer_syntaxes != {one.transfer_syntax}:
            continue
        if one.kind == "*/*" or one.multipart:
            return Representation(DICOM, multipart=True)
        if single:
            return Representation(DICOM, multipart=False)
    raise NotAcceptable("objects are sent only as they are stored")


def choose_rendered(header: str, kinds: tuple[str, ...]) -> str:
    """The media type of a picture, by the client's order of preference.

    Raises:
        NotAcceptable: none of these kinds is taken.
    """
    form = _rendered([one for one in parse(header) if not one.multipart], kinds)
    if form is None:
        raise NotAcceptable(f"pictures are {' or '.join(kinds)}")
    return form.kind


def choose_pictures(header: str, kinds: tuple[str, ...]) -> Representation:
    """The same for many objects: in parts one picture each, otherwise one that stands for all.

    Raises:
        NotAcceptable: none of these kinds is taken.
    """
    form = _rendered(parse(header), kinds)
    if form is None:
        raise NotAcceptable(f"pictures are {' or '.join(kinds)}, alone or in multipart/related")
    return form


def _rendered(entries: Iterable[Range], kinds: tuple[str, ...]) -> Representation | None:
    for one in sorted(entries, key=lambda entry: -entry.quality):
        if one.kind in {"*/*", "image/*"}:
            return Representation(kinds[0], multipart=one.multipart)
        if one.kind in kinds:
            return Representation(one.kind, multipart=one.multipart)
    return None


def choose_bulk(header: str) -> Representation:
    """How a single large value goes out: in one part unless the client wants it bare.

    Raises:
        NotAcceptable: the client takes no octets.
    """
    for one in parse(header):
        if one.kind in {"*/*", "application/*", OCTETS}:
            return Representation(OCTETS, multipart=one.multipart or one.kind != OCTETS)
    raise NotAcceptable("this value is sent as application/octet-stream")


def require_one_family(header: str) -> None:
    """Raises Contradiction: DICOM and rendered types side by side (PS3.18 §8.7.4)."""
    kinds = {one.kind for one in parse(header) if not one.multipart}
    inside = {one.kind for one in parse(header) if one.multipart}
    rendered = any(kind.startswith(("image/", "video/", "text/")) for kind in kinds)
    if rendered and (DICOM in kinds | inside or JSON in kinds):
        raise Contradiction("Accept mixes DICOM types with rendered ones; ask for one of them")
