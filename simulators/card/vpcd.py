"""Puts the simulated card into pcscd's virtual reader (the card is vpcd's TCP client)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import structlog

from simulators.card import slot
from simulators.card.framing import ConnectionEnded, receive_message, send_message

if TYPE_CHECKING:
    import threading

    from simulators.card.card import SimulatedCard

HOST = "127.0.0.1"
_RETRY_SECONDS = 0.5

_log = structlog.get_logger(__name__)


def serve(card: SimulatedCard, port: int, *, stop: threading.Event) -> None:
    """Keep the card in the reader until ``stop`` is set; reconnect whenever pcscd goes away."""
    while not stop.is_set():
        try:
            with socket.create_connection((HOST, port), timeout=_RETRY_SECONDS) as connection:
                _log.info("simulated_card_inserted", port=port)
                _serve_connection(card, connection, stop)
        except (OSError, ConnectionEnded):
            stop.wait(_RETRY_SECONDS)
        finally:
            card.power_down()


def _serve_connection(
    card: SimulatedCard, connection: socket.socket, stop: threading.Event
) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(None)
    while not stop.is_set():
        reply = slot.answer(card, receive_message(connection))
        if reply is not None:
            send_message(connection, reply)
