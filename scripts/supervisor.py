"""Starts programs, waits until all answer, says so, and stops all when one ends or Ctrl-C comes.

Every line of every program goes to ``NAME.log``; warnings and errors also to the screen.
"""

from __future__ import annotations

import re
import shlex
import threading
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from honcho.manager import Manager  # type: ignore[import-untyped]

from scripts.console import Stopwatch, complain, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from honcho.printer import Message  # type: ignore[import-untyped]

    from scripts.world import Program

WORTH_SHOWING = re.compile(r"\b(warning|error|critical|traceback|exception)\b", re.IGNORECASE)
EXPECTED = re.compile(r"simulated|number of CPU cores")
"""Warnings of every start: that parts are simulated, and the server's advice about threads."""
START_LIMIT = 60.0
PROBE_PAUSE = 0.1
PROBE_LIMIT = 5.0
STOPPED_BY_PERSON = frozenset({130, 143})


class LogFiles:
    """Where honcho writes: one file for each program, troubles also on the screen."""

    width = 0

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def write(self, message: Message) -> None:
        """Keep one message. Honcho's own words go to ``system.log``."""
        data = message.data
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
        with (self._folder / f"{message.name}.log").open("a", encoding="utf-8") as file:
            file.write(text)
        for line in text.splitlines():
            if message.name != "system" and is_news(line):
                complain(f"{message.name:<16}| {line}")


def is_news(line: str) -> bool:
    """Whether a line of a program's log belongs on the screen."""
    return bool(WORTH_SHOWING.search(line)) and not EXPECTED.search(line)


class Supervisor:
    """One run of a set of programs. ``greet`` turns the seconds until readiness into words."""

    def __init__(
        self, programs: Sequence[Program], logs: Path, greet: Callable[[float], str]
    ) -> None:
        self._programs = programs
        self._logs = logs
        self._greet = greet
        self._manager = Manager(LogFiles(logs))
        self._over = threading.Event()

    def run(self) -> int:
        """Start every program and stay until one ends or a signal comes; returns the exit code."""
        for program in self._programs:
            process = self._manager.add_process(program.name, "exec " + shlex.join(program.command))
            process.env.update({"PYTHONUNBUFFERED": "1", **program.environment})
        herald = threading.Thread(target=self._announce, daemon=True)
        herald.start()
        self._manager.loop()
        self._over.set()
        herald.join()
        return self._farewell()

    def _farewell(self) -> int:
        code = self._manager.returncode or 0
        if code in STOPPED_BY_PERSON:
            say("\nAll programs have stopped. The data stay.")
            return 0
        complain(
            f"A program ended by itself (exit {code}), so all were stopped. Logs: {self._logs}"
        )
        return 1

    def _announce(self) -> None:
        watch = Stopwatch()
        for program in self._programs:
            if not self._wait_for(program, watch):
                return
        say(self._greet(watch.seconds))

    def _wait_for(self, program: Program, watch: Stopwatch) -> bool:
        if program.port is None:
            return True
        while not _answers(program.port, program.health):
            if watch.seconds > START_LIMIT:
                complain(f"{program.name} does not answer. Log: {self._logs / program.name}.log")
                return False
            if self._over.wait(PROBE_PAUSE):
                return False
        return True


def _answers(port: int, health: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=PROBE_LIMIT)
    try:
        connection.connect()
        if not health:
            return True
        connection.request("GET", health)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
