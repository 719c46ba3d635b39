"""C-STORE beside Orthanc: the same new objects to each server in turn, several rounds.

A round sends over one, three and four associations. Servers change places from round to round, and
only the two rates of one round are divided, so that both meet the same machine.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.gateway.data import ORIGINAL_LABEL, relabel
from bench.gateway.measure import Figures, store

if TYPE_CHECKING:
    from bench.gateway.data import Workload
    from bench.gateway.peers import Peer

ASSOCIATIONS = (1, 3, 4)
SETTLE_SECONDS = 3.0


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
    for rates in _race(rivals, work, rounds):
        _tell(rates, work.object_bytes, figures)
    figures["store_rounds"] = rounds
    figures["store_ratio_orthanc"] = figures.get("store_1_ratio_orthanc")


def _race(rivals: list[Peer], work: Workload, rounds: int) -> list[Rates]:
    table = [Rates(count) for count in ASSOCIATIONS]
    turns = [(number, rates) for number in range(rounds) for rates in table]
    for label, (number, rates) in enumerate(turns, start=1):
        is_last = label == len(turns)
        folders = work.folders[: rates.associations]
        relabel(work.folders, ORIGINAL_LABEL if is_last else label)
        for peer in rivals if number % 2 == 0 else reversed(rivals):
            rates.note(peer.name, len(folders) * work.slices / store(peer, folders))
            time.sleep(SETTLE_SECONDS)
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
    time.sleep(SETTLE_SECONDS)
    for peer in rivals:
        store(peer, [work.first])


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
