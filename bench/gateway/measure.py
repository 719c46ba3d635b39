"""How long requests take: one keep-alive connection a server, servers asked in turn."""

from __future__ import annotations

import http.client
import math
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.gateway.peers import STORESCU, TUNED, Peer

if TYPE_CHECKING:
    from pathlib import Path

HTTP_OK = 200


@dataclass
class Case:
    """One kind of request to one server; paths are asked one after the other."""

    address: str
    paths: list[str]
    headers: dict[str, str]
    seconds: list[float] = field(default_factory=list)
    size: int = 0
    status: int = 0

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=120)
        self._buffer = bytearray(1 << 20)

    def ask(self, turn: int, *, counted: bool = True) -> float:
        """One request; the whole body is read. Returns its seconds."""
        path = urlsplit(self.address).path + self.paths[turn % len(self.paths)]
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self.headers)
        response = self._connection.getresponse()
        size = 0
        while got := response.readinto(self._buffer):
            size += got
        taken = time.perf_counter() - started
        self.size, self.status = size, response.status
        if counted:
            self.seconds.append(taken)
        return taken

    @property
    def p50_ms(self) -> float:
        """Median in milliseconds; NaN when the server did not answer 200."""
        return statistics.median(self.seconds) * 1e3 if self.seconds else math.nan

    @property
    def p95_ms(self) -> float:
        """95th percentile in milliseconds."""
        if not self.seconds:
            return math.nan
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))] * 1e3


def race(cases: dict[str, Case], *, seconds: float, most: int) -> None:
    """Ask all servers turn by turn for about ``seconds`` each, so that they meet the same noise."""
    slowest = 0.0
    for case in cases.values():
        case.ask(0, counted=False)
        slowest = max(slowest, case.ask(1, counted=False))
    alive = [case for case in cases.values() if case.status == HTTP_OK]
    turns = max(5, min(most, int(seconds / max(slowest, 1e-4))))
    for turn in range(turns):
        for case in alive if turn % 2 == 0 else reversed(alive):
            case.ask(turn)


def store(peer: Peer, folders: list[Path]) -> float:
    """Seconds that tuned dcmtk senders take for these folders, one association each."""
    started = time.perf_counter()
    senders = [
        subprocess.Popen(  # noqa: S603 - dcmtk
            [*TUNED, STORESCU, "-xe", "--max-pdu", "131072", "-aec", peer.ae_title, "+sd", "+r",
             "127.0.0.1", str(peer.dicom_port), str(folder)],
            stdout=subprocess.DEVNULL,
        )
        for folder in folders
    ]  # fmt: skip
    if any(sender.wait() for sender in senders):
        raise RuntimeError(f"{peer.name} did not take every object")
    return time.perf_counter() - started


def ratio(ours: float, theirs: float) -> float | None:
    """Theirs over ours, for times: above 1 means we are faster. ``None`` without a figure."""
    return round(theirs / ours, 2) if ours and math.isfinite(ours + theirs) else None


Figures = dict[str, Any]
