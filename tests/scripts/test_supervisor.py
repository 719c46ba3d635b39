"""The supervisor starts programs, greets when all answer, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from config.settings import ROOT
from scripts.supervisor import is_news

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 30.0
LISTENER = """
import os, pathlib, signal, socket, sys
port, pid_file, manner = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
pid_file.write_text(str(os.getpid()))
print("WARNING: a full disk" if manner == "warn" else "a quiet start", flush=True)
door = socket.create_server(("127.0.0.1", port))
if manner == "end":
    door.accept()
    sys.exit(7)
signal.pause()
"""
SUPERVISE = """
import json, pathlib, sys
from scripts.supervisor import Supervisor
from scripts.world import Program
folder = pathlib.Path(sys.argv[2])
rows = json.loads(sys.argv[1])
programs = [Program(name, tuple(command), {}, port) for name, command, port in rows]
sys.exit(Supervisor(programs, folder / "log", lambda seconds: "ALL ANSWER").run())
"""


class Run:
    """A supervisor over small listeners, as a process of its own."""

    def __init__(self, folder: Path, *manners: str) -> None:
        self.folder = folder
        self._count = len(manners)
        programs = [self._program(number, manner) for number, manner in enumerate(manners)]
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", SUPERVISE, json.dumps(programs), str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._limit = threading.Timer(LIMIT, self.process.kill)
        self._limit.start()

    def _program(self, number: int, manner: str) -> tuple[str, list[str], int]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        pid_file = str(self.folder / f"pid-{number}")
        return (
            f"listener-{number}",
            [sys.executable, "-c", LISTENER, str(port), pid_file, manner],
            port,
        )

    def read_until(self, words: str) -> str:
        """What stands on the screen up to and including these words."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if words in line:
                return "".join(lines)
        pytest.fail(f"ended without {words!r}: {''.join(lines)}")

    def finish(self) -> tuple[int, str]:
        """Exit code and the rest of the screen."""
        rest, _ = self.process.communicate()
        self._limit.cancel()
        return self.process.returncode, rest

    def alive(self) -> list[int]:
        """Process ids of listeners that still run."""
        numbers = [int((self.folder / f"pid-{n}").read_text()) for n in range(self._count)]
        return [number for number in numbers if _exists(number)]


def _exists(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[list[Run]]:
    """Supervisors of this test; whatever still runs at its end is stopped."""
    started: list[Run] = []
    yield started
    for run in started:
        if run.process.poll() is None:
            run.process.terminate()
            run.finish()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_program(
    tmp_path: Path, runs: list[Run], number: signal.Signals
) -> None:
    run = Run(tmp_path, "stay", "stay")
    runs.append(run)
    run.read_until("ALL ANSWER")
    assert len(run.alive()) == 2
    run.process.send_signal(number)
    code, rest = run.finish()
    assert code == 0
    assert "All programs have stopped" in rest
    assert run.alive() == []


def test_one_programs_end_stops_all_and_is_told(tmp_path: Path, runs: list[Run]) -> None:
    run = Run(tmp_path, "stay", "end")
    runs.append(run)
    code, screen = run.finish()
    assert code == 1
    assert "A program ended by itself (exit 7)" in screen
    assert run.alive() == []


def test_the_screen_is_quiet_except_for_warnings_and_logs_keep_all(
    tmp_path: Path, runs: list[Run]
) -> None:
    run = Run(tmp_path, "stay", "warn")
    runs.append(run)
    screen = run.read_until("ALL ANSWER")
    assert "listener-1      | WARNING: a full disk" in screen
    assert "quiet start" not in screen
    assert "a quiet start" in (tmp_path / "log" / "listener-0.log").read_text()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("[ERROR] worker ended", True),
        ("Traceback (most recent call last):", True),
        ('{"event": "disk nearly full", "level": "warning"}', True),
        ("[warning  ] simulated_card_desk_started", False),
        ("[INFO] Started worker-1", False),
    ],
)
def test_the_screen_shows_news_only(line: str, shown: bool) -> None:  # noqa: FBT001 - a verdict
    assert is_news(line) is shown
