"""DICOMweb requests by ``wrk``: a client in C, so that what is measured is the server.

(Python's ``http.client`` reads the head of a multipart answer with a parser of letters, which costs
more than sending a frame.)
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

WRK = shutil.which("wrk")
ROUNDS = 3
SECONDS = 1
_SCRIPT = Path(__file__).with_name("asking.lua")


@dataclass(frozen=True)
class Load:
    """One run: time of an answer, answers and bytes a second, and how many failed."""

    p50_ms: float
    p95_ms: float
    per_second: float
    bytes_per_second: float
    failed: int


@dataclass
class Target:
    """One kind of request to one server, and what its runs gave."""

    address: str
    paths: list[str]
    headers: Mapping[str, str]
    runs: list[Load] = field(default_factory=list)

    def median(self, name: str) -> float:
        """The middle one of the runs by a field of :class:`Load`."""
        return float(statistics.median(getattr(run, name) for run in self.runs))

    @property
    def is_sound(self) -> bool:
        """Whether every request of every run was answered with success."""
        return bool(self.runs) and all(run.per_second and not run.failed for run in self.runs)


def race(targets: dict[str, Target], folder: Path, *, connections: int) -> None:
    """Ask all servers in turn, several rounds, so that they meet the same noise."""
    for turn in range(ROUNDS):
        names = list(targets) if turn % 2 == 0 else list(reversed(targets))
        for name in names:
            target = targets[name]
            target.runs.append(ask(target, folder, connections=connections))


def ask(target: Target, folder: Path, *, connections: int) -> Load:
    """One run of one thread.

    Raises:
        RuntimeError: ``wrk`` is missing or gave no figures.
    """
    if WRK is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    below = urlsplit(target.address).path
    listed = folder / "paths"
    listed.write_text("".join(f"{below}{path}\n" for path in target.paths))
    headers = [part for pair in target.headers.items() for part in ("-H", ": ".join(pair))]
    command = [WRK, "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "60s"]
    answer = subprocess.run(  # noqa: S603 - wrk
        [*command, "-s", str(_SCRIPT), *headers, target.address, "--", str(listed)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line for line in answer.splitlines() if line.startswith("FIGURES ")]
    if not lines:
        raise RuntimeError(f"wrk gave no figures: {answer}")
    p50, p95, requests, size, duration, failed = map(int, lines[0].split()[1:])
    taken = duration / 1e6
    return Load(p50 / 1e3, p95 / 1e3, requests / taken, size / taken, failed)
