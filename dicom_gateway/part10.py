"""The head of a DICOM file: preamble, prefix and file meta information (PS3.10 §7.1).

Written by the gateway for every object that comes over an association; the data set behind it is
kept byte for byte.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dicom_gateway.errors import NotDicom

if TYPE_CHECKING:
    from dicom_gateway.scan import Buffer

# Derived from a UUID (PS3.5 B.2): names this implementation, not a version of it.
IMPLEMENTATION_CLASS_UID: Final = "2.25.226563291180871305410498424136093735211"
IMPLEMENTATION_VERSION_NAME: Final = "TSUNAGU_1"


_PREFIX: Final = bytes(128) + b"DICM"
_LONG_VRS: Final = frozenset({b"OB", b"OW", b"UN", b"SQ", b"UT", b"OF", b"OD", b"OL", b"UC", b"UR"})


@dataclass(frozen=True)
class Claim:
    """What the sender says about an object before its data set is read."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    sender: str


def file_head(claim: Claim) -> bytes:
    """128 zero bytes, ``DICM`` and the file meta group in Explicit VR Little Endian."""
    before, after = _of_any(claim.sop_class_uid, claim.transfer_syntax_uid, claim.sender)
    body = b"".join((before, _short(0x0003, b"UI", _uid(claim.sop_instance_uid)), after))
    return _PREFIX + _short(0x0000, b"UL", struct.pack("<I", len(body))) + body


@lru_cache(maxsize=256)
def _of_any(sop_class: str, transfer_syntax: str, sender: str) -> tuple[bytes, bytes]:
    """What stands before and behind the instance in the group of every object of a sender."""
    before = (_long(0x0001, b"OB", b"\x00\x01"), _short(0x0002, b"UI", _uid(sop_class)))
    after = (
        _short(0x0010, b"UI", _uid(transfer_syntax)),
        _short(0x0012, b"UI", _uid(IMPLEMENTATION_CLASS_UID)),
        _short(0x0013, b"SH", _text(IMPLEMENTATION_VERSION_NAME)),
        _short(0x0016, b"AE", _text(sender)),
    )
    return b"".join(before), b"".join(after)


def _uid(value: str) -> bytes:
    raw = value.encode("ascii")
    return raw + b"\0" * (len(raw) % 2)


def _text(value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    return raw + b" " * (len(raw) % 2)


def _short(element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def _long(element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sHI", 2, element, vr, 0, len(value)) + value


@dataclass(frozen=True)
class Head:
    """The file meta information of a file; empty where it says nothing. ``end``: offset behind."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    end: int


def read_head(data: Buffer, *, at: int = 132) -> Head:
    """The head of a file by anyone: the group length may be wrong, elements may be missing.

    ``at`` is where the group begins; 0 for a file without preamble and prefix.

    Raises:
        NotDicom: no ``DICM`` in front, or the group ends inside an element.
    """
    if at and bytes(data[at - 4 : at]) != b"DICM":
        raise NotDicom("no DICOM prefix at offset 128")
    values: dict[int, str] = {}
    while data[at : at + 2] == b"\x02\x00":
        number, vr, start, length = _element_at(data, at)
        at = start + length
        if at > len(data):
            raise NotDicom("file ends inside its head")
        if vr == b"UI":
            values[number] = bytes(data[start:at]).rstrip(b"\0 ").decode("latin-1")
    return Head(values.get(0x0002, ""), values.get(0x0003, ""), values.get(0x0010, ""), at)


def _element_at(data: Buffer, at: int) -> tuple[int, bytes, int, int]:
    """(element number, VR, offset of the value, its length) in Explicit VR Little Endian."""
    try:
        number, vr, length = struct.unpack_from("<H2sH", data, at + 2)
        if vr in _LONG_VRS:
            return number, vr, at + 12, struct.unpack_from("<I", data, at + 8)[0]
    except struct.error as error:
        raise NotDicom("file ends inside its head") from error
    return number, vr, at + 8, length
