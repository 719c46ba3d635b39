"""The card desk on TCP, so that programs use simulated cards without PC/SC. Loopback only.

A request is one line of UTF-8, the answer one line of JSON::

    LIST             {"ok": true, "readers": [{"reader": "hanako", "label": "...",
                      "card_present": true, "busy": false, "contactless": false}]}
    INSERT <reader>  {"ok": true}
    REMOVE <reader>  {"ok": true}
    OPEN <reader>    {"ok": true, "atr": "3be0..."}

Anything refused answers ``{"ok": false, "error": CODE}`` with CODE one of unknown-reader, no-card,
busy, bad-request. After a successful OPEN the connection belongs to that reader: each message is
two bytes of length, big-endian, and a payload. One-byte payloads 00, 01 and 02 cycle the power and
have no answer, 04 asks for the ATR; anything else is a command and answered with the card's answer.
The desk closes the connection when the card is removed or after two silent minutes; whoever closes
it, the card loses power. One connection at a time may hold a reader.
"""

from __future__ import annotations

import json
import socket
import socketserver
from typing import TYPE_CHECKING, Any

import structlog
from typing_extensions import override

from simulators.card import slot
from simulators.card.desk import CardDesk, DeskRefusal
from simulators.card.framing import ConnectionEnded, receive_message, send_message

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.card.card import SimulatedCard

HOST = "127.0.0.1"
_SILENCE_SECONDS = 120.0
_LINE_LIMIT = 512

_log = structlog.get_logger(__name__)


class DeskServer(socketserver.ThreadingTCPServer):
    """Listens on 127.0.0.1; port 0 takes a free one, see ``port``."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, cards: Path, port: int) -> None:
        self.desk = CardDesk(cards)
        super().__init__((HOST, port), _Connection)

    @property
    def port(self) -> int:
        """The port this desk listens on."""
        return int(self.server_address[1])


class _Connection(socketserver.BaseRequestHandler):
    request: socket.socket
    server: DeskServer

    @override
    def handle(self) -> None:
        """Answer request lines until the other side leaves or holds a reader."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(_SILENCE_SECONDS)
        try:
            while self._answer(self._read_line()):
                pass
        except (OSError, ConnectionEnded):
            return

    def _read_line(self) -> str:
        line = bytearray()
        while not line.endswith(b"\n"):
            part = self.request.recv(1)
            if not part or len(line) >= _LINE_LIMIT:
                raise ConnectionEnded
            line += part
        return line.decode("utf-8", errors="replace").strip()

    def _answer(self, line: str) -> bool:
        """Answer one line; False when the connection has been used up."""
        verb, _, reader = line.partition(" ")
        try:
            if verb == "OPEN":
                self._hold(reader)
                return False
            self._reply({"ok": True} | self._command(verb, reader))
        except DeskRefusal as refusal:
            self._reply({"ok": False, "error": refusal.code})
        return True

    def _command(self, verb: str, reader: str) -> dict[str, Any]:
        desk = self.server.desk
        if verb == "LIST":
            return {"readers": [state.as_json() for state in desk.readers()]}
        if verb == "INSERT":
            desk.insert(reader)
        elif verb == "REMOVE":
            desk.remove(reader)
        else:
            raise DeskRefusal("bad-request")
        return {}

    def _hold(self, reader: str) -> None:
        connection = self.request

        def cut() -> None:
            connection.shutdown(socket.SHUT_RDWR)

        card = self.server.desk.open(reader, on_removal=cut)
        _log.info("simulated_card_opened", reader=reader)
        try:
            self._reply({"ok": True, "atr": card.atr.hex()})
            self._serve_card(card)
        finally:
            self.server.desk.close(reader, cut)

    def _serve_card(self, card: SimulatedCard) -> None:
        while True:
            reply = slot.answer(card, receive_message(self.request))
            if reply is not None:
                send_message(self.request, reply)

    def _reply(self, content: dict[str, Any]) -> None:
        self.request.sendall(json.dumps(content, ensure_ascii=False).encode() + b"\n")
