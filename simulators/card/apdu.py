"""Command APDUs in short and extended length (ISO/IEC 7816-3 §12.1)."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.card import status
from simulators.card.status import CardRefusal

HEADER = 4
SHORT_MAXIMUM = 256
EXTENDED_MAXIMUM = 65536
_EXTENDED_LE = 2


@dataclass(frozen=True)
class CommandApdu:
    """One command. ``le`` is the number of bytes asked for, or None when no answer data are."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None


def parse_command(raw: bytes) -> CommandApdu:
    """Split the bytes of a command. Raises CardRefusal 6700 when lengths do not add up."""
    if len(raw) < HEADER:
        raise CardRefusal(status.WRONG_LENGTH)
    data, le = _parse_body(raw[HEADER:])
    return CommandApdu(cla=raw[0], ins=raw[1], p1=raw[2], p2=raw[3], data=data, le=le)


def _parse_body(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or SHORT_MAXIMUM
    if body[0] == 0:
        return _parse_extended(body[1:])
    return _parse_short(body)


def _parse_short(body: bytes) -> tuple[bytes, int | None]:
    length = body[0]
    data, rest = body[1 : 1 + length], body[1 + length :]
    if len(data) != length or len(rest) > 1:
        raise CardRefusal(status.WRONG_LENGTH)
    return data, (rest[0] or SHORT_MAXIMUM) if rest else None


def _parse_extended(body: bytes) -> tuple[bytes, int | None]:
    if len(body) < _EXTENDED_LE:
        raise CardRefusal(status.WRONG_LENGTH)
    length = int.from_bytes(body[:2], "big")
    if len(body) == _EXTENDED_LE:
        return b"", length or EXTENDED_MAXIMUM
    data, rest = body[2 : 2 + length], body[2 + length :]
    if length == 0 or len(data) != length or len(rest) not in (0, _EXTENDED_LE):
        raise CardRefusal(status.WRONG_LENGTH)
    return data, (int.from_bytes(rest, "big") or EXTENDED_MAXIMUM) if rest else None
