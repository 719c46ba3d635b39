"""C-STORE requests read from their command set (PS3.7 §9.3.1.1, Table 9.3-1).

Only the plain form that every storage SCU sends is understood here. Whatever differs from it in any
way is ``None`` and left to pynetdicom.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from dicom_gateway.errors import BadUid
from dicom_gateway.uid import uid_from_bytes

LONGEST_COMMAND: Final = 1024
_HEAD: Final = struct.Struct("<HHI")
_C_STORE_RQ: Final = b"\x01\x00"
_NO_DATA_SET: Final = b"\x01\x01"
_PRIORITIES: Final = frozenset({b"\x00\x00", b"\x01\x00", b"\x02\x00"})
_GROUP_LENGTH: Final = 0x0000
_SOP_CLASS: Final = 0x0002
_FIELD: Final = 0x0100
_MESSAGE_ID: Final = 0x0110
_PRIORITY: Final = 0x0700
_DATA_SET_TYPE: Final = 0x0800
_SOP_INSTANCE: Final = 0x1000
_NEEDED: Final = (
    _GROUP_LENGTH,
    _SOP_CLASS,
    _FIELD,
    _MESSAGE_ID,
    _PRIORITY,
    _DATA_SET_TYPE,
    _SOP_INSTANCE,
)
_NUMBERS: Final = (_FIELD, _MESSAGE_ID, _PRIORITY, _DATA_SET_TYPE)
_GROUP_LENGTH_BYTES: Final = 12
_US_BYTES: Final = 2


@dataclass(frozen=True)
class StoreRequest:
    """What a C-STORE request asks for, before its data set comes."""

    message_id: int
    sop_class_uid: str
    sop_instance_uid: str


def read_store_request(command: bytes) -> StoreRequest | None:
    """The request, if it is a plain C-STORE with a data set to follow; otherwise ``None``."""
    elements = _elements(command)
    if elements is None or not _is_plain(elements, len(command)):
        return None
    try:
        sop_class = uid_from_bytes(elements[_SOP_CLASS])
        sop_instance = uid_from_bytes(elements[_SOP_INSTANCE])
    except BadUid:
        return None
    message_id = int.from_bytes(elements[_MESSAGE_ID], "little")
    return StoreRequest(message_id, sop_class, sop_instance)


def _is_plain(elements: dict[int, bytes], size: int) -> bool:
    return (
        tuple(elements) == _NEEDED
        and all(len(elements[number]) == _US_BYTES for number in _NUMBERS)
        and elements[_GROUP_LENGTH] == struct.pack("<I", size - _GROUP_LENGTH_BYTES)
        and elements[_FIELD] == _C_STORE_RQ
        and elements[_DATA_SET_TYPE] != _NO_DATA_SET
        and elements[_PRIORITY] in _PRIORITIES
    )


def _elements(command: bytes) -> dict[int, bytes] | None:
    """Values by element number, in their order; ``None`` when the bytes are not group 0000 only."""
    if len(command) > LONGEST_COMMAND:
        return None
    found: dict[int, bytes] = {}
    at = 0
    while at < len(command):
        if len(command) - at < _HEAD.size:
            return None
        group, element, length = _HEAD.unpack_from(command, at)
        at += _HEAD.size
        if group or element in found or length > len(command) - at:
            return None
        found[element] = command[at : at + length]
        at += length
    return found
