"""C-STORE beside Orthanc: the same new objects to each server in turn, several rounds.

A round sends over one, three and four associations. Servers change places from round to round, and
only the two rates of one round are divided, so that both meet the same machine.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.gateway.data import ORIGINAL_LABEL, relabelled
from bench.gateway.measure import Figures, store

if TYPE_CHECKING:
    from bench.gateway.data import Workload
    from bench.gateway.peers import Peer

ASSOCIATIONS = (1, 3, 4)
SETTLE_SECONDS = 1.0
MOST_REST_SECONDS = 40.0
REST_SHARE = 0.06
_MEMORY = Path("/dev/shm")  # noqa: S108 - where what is sent lies, so that only servers use the disk


@dataclass
class Rates:
    """Objects per second of every server over one number of associations, by round."""

    associations: int
    of: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, rate: float) -> None:
        """One more round of one server."""
        self.of.setdefault(name, []).append(rate)

    def ratios(self) -> list[float]:
        """The gateway's rate over Orthanc's, round by round; empty without Orthanc."""
        pairs = zip(self.of["gateway"], self.of.get("Orthanc", []), strict=False)
        return [ours / theirs for ours, theirs in pairs]


def measure_store(rivals: list[Peer], work: Workload, figures: Figures, rounds: int) -> None:
    """All rounds; the last one leaves the studies under their own identifiers on every server."""
    _warm_up(rivals, work)
    _say("C-STORE, durable, tuned dcmtk senders")
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as place:
        for rates in _race(rivals, work, rounds, Path(place)):
            _tell(rates, work.object_bytes, figures)
    figures["store_rounds"] = rounds
    figures["store_ratio_orthanc"] = figures.get("store_1_ratio_orthanc")


def _race(rivals: list[Peer], work: Workload, rounds: int, place: Path) -> list[Rates]:
    table = [Rates(count) for count in ASSOCIATIONS]
    turns = [(number, rates) for number in range(rounds) for rates in table]
    for label, (number, rates) in enumerate(turns, start=1):
        is_last = label == len(turns)
        new = relabelled(work.folders, ORIGINAL_LABEL if is_last else label, place)
        folders = new[: rates.associations]
        for peer in rivals if number % 2 == 0 else reversed(rivals):
            wait_for_rest()
            rates.note(peer.name, len(folders) * work.slices / store(peer, folders))
    return table


def _tell(rates: Rates, object_bytes: int, figures: Figures) -> None:
    key = f"store_{rates.associations}"
    for name, found in rates.of.items():
        rate = statistics.median(found)
        _say(
            f"  {rates.associations} association(s)  {name:10s} {rate:7.0f} obj/s"
            f" {rate * object_bytes / 1e6:8.1f} MB/s  ({min(found):.0f} to {max(found):.0f})"
        )
        figures[f"{key}_{'' if name == 'gateway' else 'orthanc_'}objects_s"] = round(rate, 1)
    ratios = rates.ratios()
    if ratios:
        _say(f"      times Orthanc, by round: {'  '.join(f'{one:.2f}' for one in ratios)}")
        figures[f"{key}_ratio_orthanc"] = round(statistics.median(ratios), 2)
        figures[f"{key}_ratio_orthanc_least"] = round(min(ratios), 2)


def _warm_up(rivals: list[Peer], work: Workload) -> None:
    """Let every program finish its start, and take a first object."""
    for peer in rivals:
        wait_for_rest()
        store(peer, [work.first])


def wait_for_rest() -> None:
    """Until the machine is idle for a moment: what a server still does with the objects of the
    round before (listing, preparing, writing back) belongs to no other server's round."""
    deadline = time.monotonic() + MOST_REST_SECONDS
    os.sync()
    time.sleep(SETTLE_SECONDS)
    while _busy_share() > REST_SHARE and time.monotonic() < deadline:
        pass


def _busy_share() -> float:
    """The part of all processors that worked or waited for the disk in half a second."""
    before = _ticks()
    time.sleep(0.5)
    idle, total = (now - then for now, then in zip(_ticks(), before, strict=True))
    return 1 - idle / total if total else 0.0


def _ticks() -> tuple[int, int]:
    """(idle, all) since the machine started (proc(5), /proc/stat)."""
    words = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    return int(words[3]), sum(map(int, words[:8]))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
