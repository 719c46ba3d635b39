"""Short lines for the person who waits."""

from __future__ import annotations

import sys
import threading
import time

_lock = threading.Lock()


def say(text: str = "") -> None:
    """One line on standard output, whole even when two lanes speak at once."""
    with _lock:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def complain(text: str) -> None:
    """One line on standard error."""
    with _lock:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def finished(name: str, seconds: float) -> None:
    """A step is done: its name and how long it took, in seconds."""
    say(f"  {name:<44}{seconds:7.1f} s")


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._start
