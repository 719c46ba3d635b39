"""The card desk over TCP: readers, one holder at a time, cards put in and taken out."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from simulators.card.desk_server import DeskServer
from simulators.card.framing import (
    GET_ATR,
    POWER_OFF,
    ConnectionEnded,
    receive_message,
    send_message,
)
from tests.simulators.card.folders import write_card
from tests.simulators.card.terminal import SELECT_AP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DeskServer]:
    write_card(tmp_path, "hanako", label="佐藤 花子")
    with DeskServer(tmp_path, 0) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@contextmanager
def connection(server: DeskServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as opened:
        yield opened


def ask(opened: socket.socket, request: str) -> dict[str, Any]:
    opened.sendall(request.encode() + b"\n")
    line = b""
    while not line.endswith(b"\n"):
        line += opened.recv(1)
    answer = json.loads(line)
    assert isinstance(answer, dict)
    return answer


def ask_once(server: DeskServer, request: str) -> dict[str, Any]:
    with connection(server) as opened:
        return ask(opened, request)


def exchange(opened: socket.socket, payload: bytes) -> bytes:
    send_message(opened, payload)
    return receive_message(opened)


def test_each_card_folder_is_a_reader(server: DeskServer) -> None:
    assert ask_once(server, "LIST") == {
        "ok": True,
        "readers": [
            {
                "reader": "hanako",
                "label": "佐藤 花子",
                "card_present": True,
                "busy": False,
                "contactless": False,
            }
        ],
    }


def test_a_newly_issued_card_appears(server: DeskServer, tmp_path: Path) -> None:
    write_card(tmp_path, "ichiro")
    names = [entry["reader"] for entry in ask_once(server, "LIST")["readers"]]
    assert names == ["hanako", "ichiro"]


def test_a_card_that_is_still_being_written_is_not_shown(
    server: DeskServer, tmp_path: Path
) -> None:
    write_card(tmp_path, ".ichiro.new")
    assert [entry["reader"] for entry in ask_once(server, "LIST")["readers"]] == ["hanako"]


def test_an_unreadable_folder_hides_no_other_card(server: DeskServer, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.json").write_text("[]", encoding="utf-8")
    assert [entry["reader"] for entry in ask_once(server, "LIST")["readers"]] == ["hanako"]


def test_an_open_reader_carries_atr_and_commands(server: DeskServer) -> None:
    with connection(server) as opened:
        answer = ask(opened, "OPEN hanako")
        assert answer == {"ok": True, "atr": "3be000ff8131fe4514"}
        assert exchange(opened, GET_ATR).hex() == answer["atr"]
        assert exchange(opened, bytes.fromhex(SELECT_AP)) == b"\x90\x00"
        send_message(opened, POWER_OFF)
        assert exchange(opened, bytes.fromhex("00A4020C02000A")) == b"\x6a\x82"


def test_a_second_holder_is_told_busy_until_the_first_leaves(server: DeskServer) -> None:
    with connection(server) as first, connection(server) as second:
        ask(first, "OPEN hanako")
        assert ask(second, "LIST")["readers"][0]["busy"] is True
        assert ask(second, "OPEN hanako") == {"ok": False, "error": "busy"}
        first.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionEnded):
            receive_message(first)
        assert ask(second, "OPEN hanako")["ok"] is True


def test_removing_the_card_cuts_its_holder_off(server: DeskServer) -> None:
    with connection(server) as holder:
        ask(holder, "OPEN hanako")
        assert ask_once(server, "REMOVE hanako") == {"ok": True}
        with pytest.raises((ConnectionEnded, ConnectionError)):
            exchange(holder, bytes.fromhex(SELECT_AP))
    assert ask_once(server, "LIST")["readers"][0]["card_present"] is False
    assert ask_once(server, "OPEN hanako") == {"ok": False, "error": "no-card"}


def test_a_card_put_back_can_be_opened(server: DeskServer) -> None:
    ask_once(server, "REMOVE hanako")
    assert ask_once(server, "INSERT hanako") == {"ok": True}
    assert ask_once(server, "OPEN hanako")["ok"] is True


@pytest.mark.parametrize(
    ("request_line", "error"),
    [
        ("OPEN nobody", "unknown-reader"),
        ("REMOVE nobody", "unknown-reader"),
        ("INSERT ../hanako", "unknown-reader"),
        ("FORMAT hanako", "bad-request"),
        ("", "bad-request"),
    ],
)
def test_what_the_desk_cannot_do_it_names(
    server: DeskServer, request_line: str, error: str
) -> None:
    assert ask_once(server, request_line) == {"ok": False, "error": error}


def test_an_endless_request_line_is_cut_off(server: DeskServer) -> None:
    with connection(server) as opened:
        opened.sendall(b"x" * 600)
        with pytest.raises((ConnectionEnded, ConnectionError)):
            receive_message(opened)


def test_the_desk_listens_on_loopback_only(server: DeskServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
