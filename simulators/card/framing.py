"""Messages on a TCP stream: two bytes of length, big-endian, then the payload (vpcd's framing)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

POWER_OFF = b"\x00"
POWER_ON = b"\x01"
RESET = b"\x02"
GET_ATR = b"\x04"
POWER_CYCLES = frozenset({POWER_OFF, POWER_ON, RESET})

_LENGTH_BYTES = 2


class ConnectionEnded(Exception):
    """The other side closed the stream."""


def receive_message(connection: socket.socket) -> bytes:
    """The next payload. Raises ConnectionEnded at the end of the stream, also inside a message."""
    length = int.from_bytes(_receive_exactly(connection, _LENGTH_BYTES), "big")
    return _receive_exactly(connection, length)


def send_message(connection: socket.socket, payload: bytes) -> None:
    """Send one payload of at most 65,535 bytes."""
    connection.sendall(len(payload).to_bytes(_LENGTH_BYTES, "big") + payload)


def _receive_exactly(connection: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionEnded
        received += part
    return bytes(received)
