"""The answer to a C-STORE as the bytes of one P-DATA-TF PDU.

PS3.7 Table 9.3-2 (C-STORE-RSP), §6.3.1 (command set: Implicit VR Little Endian); PS3.8 §9.3.5.
"""

from __future__ import annotations

import struct
from typing import Final

_C_STORE_RSP: Final = 0x8001
_NO_DATA_SET: Final = 0x0101
_LAST_COMMAND_FRAGMENT: Final = 0x03
_P_DATA_TF: Final = 0x04


def store_response(
    context_id: int, message_id: int, status: int, *, sop_class: str, sop_instance: str
) -> bytes:
    """One PDU that answers the request ``message_id`` on this presentation context."""
    command = b"".join(
        (
            _uid(0x0002, sop_class),
            _number(0x0100, _C_STORE_RSP),
            _number(0x0120, message_id),
            _number(0x0800, _NO_DATA_SET),
            _number(0x0900, status),
            _uid(0x1000, sop_instance),
        )
    )
    command = struct.pack("<HHII", 0, 0, 4, len(command)) + command
    value = struct.pack(">IBB", len(command) + 2, context_id, _LAST_COMMAND_FRAGMENT) + command
    return struct.pack(">BBI", _P_DATA_TF, 0, len(value)) + value


def _number(element: int, value: int) -> bytes:
    return struct.pack("<HHIH", 0, element, 2, value)


def _uid(element: int, value: str) -> bytes:
    raw = value.encode("ascii")
    raw += b"\0" * (len(raw) % 2)
    return struct.pack("<HHI", 0, element, len(raw)) + raw
