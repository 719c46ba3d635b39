"""Keeps other programs of the gateway running as child processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger()

MISCONFIGURED: Final = 2
_RESTART_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.2
_LEAVE_SECONDS: Final = 8.0


@dataclass(frozen=True)
class Keeper:
    """Starts one program again whenever it ends, until ``stop`` is set."""

    program: str
    stop: threading.Event

    def keep(self) -> int:
        """Returns 0 when told to stop, ``MISCONFIGURED`` when starting again would not help."""
        while not self.stop.is_set():
            status = self._run_once()
            if status == MISCONFIGURED:
                return MISCONFIGURED
            if not self.stop.is_set():
                log.error("program ended, starting it again", program=self.program, status=status)
                self.stop.wait(_RESTART_SECONDS)
        return 0

    def _run_once(self) -> int | None:
        """One life of the program. It ends by itself when its standard input closes, or is told."""
        command = [sys.executable, "-m", "dicom_gateway", self.program]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # noqa: S603 - ourselves
            while child.poll() is None and not self.stop.wait(_LOOK_SECONDS):
                pass
            if child.stdin is not None:
                child.stdin.close()
            if child.poll() is None:
                _end(child)
        return child.returncode


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("program did not leave in time")
        child.kill()


def keep_all(programs: Sequence[str], stop: threading.Event) -> int:
    """Keep several programs until told to stop, or until one cannot start as configured."""
    statuses: list[int] = []

    def keep(program: str) -> None:
        status = Keeper(program, stop).keep()
        statuses.append(status)
        if status:
            stop.set()

    threads = [threading.Thread(target=keep, args=(name,), daemon=True) for name in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
    return max(statuses)
