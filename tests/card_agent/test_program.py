"""``python -m card_agent`` as a process: it starts, says so, stops, and refuses loudly."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.card.desk_server import DeskServer

ROOT = Path(__file__).resolve().parents[2]


def start(**settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "card_agent"],
        cwd=ROOT,
        env={f"TSUNAGU_CARD_AGENT_{name.upper()}": value for name, value in settings.items()},
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_it_serves_its_page_and_stops_on_request(desk: DeskServer) -> None:
    port = free_port()
    readers = f"127.0.0.1:{desk.port}"
    with start(mode="test", port=str(port), simulated_readers=readers) as process:
        assert process.stderr
        assert "card_agent_started" in process.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/v1/auth")
        assert connection.getresponse().status == 200
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_a_taken_port_is_refused_loudly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        settings = {"mode": "test", "port": str(port), "simulated_readers": "127.0.0.1:1"}
        with start(**settings) as process:
            _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is taken" in said
    assert "do not type a PIN" in said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"simulated_readers": "127.0.0.1:8400"}, "refused in production mode"),
        (
            {
                "mode": "test",
                "simulated_readers": "127.0.0.1:8400",
                "allowed_origins": "http://portal.example",
            },
            "not an https origin",
        ),
    ],
)
def test_settings_that_must_not_run_are_named(settings: dict[str, str], words: str) -> None:
    with start(port=str(free_port()), **settings) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert words in said
