"""Identifiers: UUID version 7 (RFC 9562 §5.7), ordered by time of creation."""

from __future__ import annotations

import os
from uuid import UUID

from app.core import clock

_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds, 74 random bits."""
    milliseconds = int(clock.now().timestamp() * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    random_a = random & ((1 << _RANDOM_A_BITS) - 1)
    random_b = (random >> _RANDOM_A_BITS) & ((1 << _RANDOM_B_BITS) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b
    return UUID(int=value)
