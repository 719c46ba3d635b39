"""Readers of the simulated card desk, over TCP on this computer. Development and tests only.

A request is a line (``LIST``, ``OPEN <reader>``), its answer a line of JSON. After a successful
OPEN the connection carries messages of two length bytes and a command or answer.
"""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

from card_agent.errors import (
    CardBusy,
    CardProblem,
    CardRemoved,
    NoCard,
    NoReader,
    ReaderServiceDown,
)
from card_agent.transport import Reader, ResponseApdu, split_response

_TIMEOUT_SECONDS = 10.0
_ANSWER_LIMIT = 1 << 20
_CHUNK = 4096
_POWER_ON = b"\x01"
_REFUSALS: dict[str, type[CardProblem]] = {
    "unknown-reader": NoReader,
    "no-card": NoCard,
    "busy": CardBusy,
}


class DeskTransport:
    """The simulated readers of one card desk."""

    simulated = True

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    def readers(self) -> tuple[Reader, ...]:
        """All simulated readers in the desk's order."""
        with self._open() as connection:
            listed = _ask(connection, "LIST")["readers"]
        return tuple(
            Reader(entry["reader"], entry["label"], card_present=bool(entry["card_present"]))
            for entry in listed
        )

    def connect(self, reader: str) -> DeskConnection:
        """Take the card of one simulated reader, freshly powered."""
        connection = self._open()
        try:
            _ask(connection, f"OPEN {reader}")
            _send(connection, _POWER_ON)
        except CardProblem:
            connection.close()
            raise
        return DeskConnection(connection)

    def _open(self) -> socket.socket:
        try:
            connection = socket.create_connection(self._address, timeout=_TIMEOUT_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise ReaderServiceDown from error
        return connection


class DeskConnection:
    """Exclusive use of one simulated card; closing the connection cuts its power."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def transmit(self, apdu: bytes) -> ResponseApdu:
        """Carry one command to the card."""
        _send(self._connection, apdu)
        length = int.from_bytes(_receive(self._connection, 2), "big")
        return split_response(_receive(self._connection, length))

    def close(self) -> None:
        """Give the card back and wait until the desk has taken it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            while self._connection.recv(_CHUNK):
                pass
        self._connection.close()


def _ask(connection: socket.socket, request: str) -> dict[str, Any]:
    try:
        connection.sendall(request.encode() + b"\n")
        answer = json.loads(_read_line(connection))
    except (OSError, ValueError) as error:
        raise ReaderServiceDown from error
    if not answer["ok"]:
        raise _REFUSALS.get(answer["error"], ReaderServiceDown)
    return dict(answer)


def _read_line(connection: socket.socket) -> bytes:
    """The bytes up to the line's end; nothing after it may be taken from the stream."""
    line = bytearray()
    while not line.endswith(b"\n"):
        peeked = connection.recv(_CHUNK, socket.MSG_PEEK)
        if not peeked or len(line) > _ANSWER_LIMIT:
            raise ReaderServiceDown
        end = peeked.find(b"\n")
        line += connection.recv(len(peeked) if end < 0 else end + 1)
    return bytes(line)


def _send(connection: socket.socket, payload: bytes) -> None:
    try:
        connection.sendall(len(payload).to_bytes(2, "big") + payload)
    except OSError as error:
        raise CardRemoved from error


def _receive(connection: socket.socket, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        try:
            part = connection.recv(count - len(content))
        except OSError as error:
            raise CardRemoved from error
        if not part:
            raise CardRemoved
        content += part
    return bytes(content)
