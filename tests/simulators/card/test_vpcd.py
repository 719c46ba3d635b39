"""The vpcd client against a stand-in for pcscd's virtual reader."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from simulators.card import vpcd
from simulators.card.framing import GET_ATR, POWER_ON, RESET, receive_message, send_message
from tests.simulators.card.folders import SIGN_PIN
from tests.simulators.card.terminal import SELECT_AP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.card.card import SimulatedCard


@pytest.fixture
def reader(card: SimulatedCard) -> Iterator[socket.socket]:
    """The listening side; the card keeps connecting to it."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        port = listening.getsockname()[1]
        thread = threading.Thread(
            target=vpcd.serve, args=(card, port), kwargs={"stop": stop}, daemon=True
        )
        thread.start()
        yield listening
        stop.set()
    thread.join(timeout=20)


def accept(reader: socket.socket) -> socket.socket:
    connection, _ = reader.accept()
    connection.settimeout(20)
    return connection


def exchange(connection: socket.socket, payload: bytes) -> bytes:
    send_message(connection, payload)
    return receive_message(connection)


def test_power_atr_and_commands(reader: socket.socket, card: SimulatedCard) -> None:
    with accept(reader) as connection:
        send_message(connection, POWER_ON)
        assert exchange(connection, GET_ATR) == card.atr
        assert exchange(connection, bytes.fromhex(SELECT_AP)) == b"\x90\x00"


def test_a_reset_forgets_the_shown_pin(reader: socket.socket) -> None:
    verify = bytes.fromhex("0020008006") + SIGN_PIN.encode()
    with accept(reader) as connection:
        exchange(connection, bytes.fromhex(SELECT_AP))
        exchange(connection, bytes.fromhex("00A4020C02001B"))
        assert exchange(connection, verify) == b"\x90\x00"
        send_message(connection, RESET)
        exchange(connection, bytes.fromhex(SELECT_AP))
        exchange(connection, bytes.fromhex("00A4020C020001"))
        assert exchange(connection, bytes.fromhex("00B0000000")) == b"\x69\x82"


def test_a_lost_reader_is_found_again(reader: socket.socket, card: SimulatedCard) -> None:
    accept(reader).close()
    with accept(reader) as connection:
        assert exchange(connection, GET_ATR) == card.atr
