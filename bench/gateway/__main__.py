"""``python -m bench.gateway [--json] [--quick] [--store-only] [--index-only] [--line-only]
[--stalled-only] [--relay] [--studies N] [--rounds N]``.

Store, list and retrieve beside Orthanc and nginx.

All servers run on this machine over loopback in one run; only ratios within a run count. Senders
and servers are tuned alike (TCP_NODELAY on both sides); Orthanc syncs its files as the gateway
does. The gateway checks an access token on every request and lists the 200 studies the token names.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.gateway import peers
from bench.gateway.data import Workload, make
from bench.gateway.first_picture import line_of_a_relay, line_of_tc, measure_first_picture
from bench.gateway.large_index import measure_large_index
from bench.gateway.measure import Figures, store
from bench.gateway.shaped import LineRefused
from bench.gateway.stalled import measure_stalled
from bench.gateway.storing import measure_store
from bench.gateway.web import measure_web

MOST_SENT = 3000
"""More studies than these are written into the index directly: see ``large_index``."""
JSON = "application/dicom+json"


def say(text: str) -> None:
    """One line for people."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run everything. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--store-only", action="store_true", help="C-STORE and nothing else")
    parser.add_argument("--line-only", action="store_true", help="over a thin line only")
    parser.add_argument("--stalled-only", action="store_true", help="beside stalled readers only")
    parser.add_argument("--relay", action="store_true", help="the thin line by a relay, not tc")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of C-STORE")
    parser.add_argument("--studies", type=int, default=3000, help="studies in the index")
    parser.add_argument("--index-only", action="store_true", help="lists of a large index only")
    chosen = parser.parse_args()
    size = Size(200, min(chosen.studies, MOST_SENT), chosen.rounds)
    if chosen.quick:
        size = Size(40, 200, 1)
    with tempfile.TemporaryDirectory(prefix="bench-gateway-") as name:
        figures: Figures = {}
        one_part = chosen.index_only or chosen.line_only or chosen.stalled_only
        if not one_part:
            figures = run(Path(name), size, store_only=chosen.store_only)
        is_all = not one_part and not chosen.store_only
        if chosen.line_only or is_all:
            over_a_thin_line(Path(name), size, figures, relay=chosen.relay)
        if chosen.stalled_only or is_all:
            measure_stalled(Path(name), 500 if chosen.quick else 5000, figures)
        if chosen.index_only or (chosen.studies > MOST_SENT and not one_part):
            measure_large_index(Path(name), chosen.studies, figures)
    if chosen.json:
        say(json.dumps(figures))
    return 0


@dataclass(frozen=True)
class Size:
    """How much is measured: slices a study, small studies, rounds of C-STORE."""

    slices: int
    fillers: int
    rounds: int


def run(folder: Path, size: Size, *, store_only: bool) -> Figures:
    """Measure on a fresh set of servers below ``folder``."""
    (folder / "data").mkdir()
    fillers = 1 if store_only else size.fillers
    work = make(folder / "data", slices=size.slices, studies=4, fillers=fillers)
    figures: Figures = {"slices": size.slices, "studies": fillers + 4}
    with (
        peers.gateway(folder / "gateway") as ours,
        peers.orthanc(folder / "orthanc") as orthanc,
        peers.nginx(folder / "nginx", folder / "data") as nginx,
    ):
        rivals = [ours] if orthanc is None else [ours, orthanc]
        figures["orthanc_version"] = orthanc.version if orthanc else None
        figures["nginx_version"] = nginx[0] if nginx else None
        for missing in [n for n, p in (("Orthanc", orthanc), ("nginx", nginx)) if p is None]:
            say(f"{missing} is not installed: no figures beside it")
        measure_store(rivals, work, figures, size.rounds)
        if not store_only:
            fill(rivals, work)
            measure_web(rivals, nginx, work, figures, folder)
    return figures


def over_a_thin_line(folder: Path, size: Size, figures: Figures, *, relay: bool) -> None:
    """20 Mbit/s and 30 ms: laid by ``tc`` where this machine allows it, otherwise a relay."""
    try:
        line = line_of_a_relay() if relay else line_of_tc()
        measure_first_picture(folder, size.slices, figures, line)
    except LineRefused as error:
        say(f"{error}: measured over a relay instead")
        measure_first_picture(folder, size.slices, figures, line_of_a_relay())
    say(
        f"{size.slices} slices over 20 Mbit/s, 30 ms ({figures['line_20mbit']}): first picture"
        f" {figures['first_picture_s_20mbit']} s (as stored"
        f" {figures['first_picture_raw_s_20mbit']} s), whole series"
        f" {figures['series_s_20mbit']} s, {figures['series_time_of_raw_20mbit']} of the"
        f" {figures['series_raw_s_20mbit']} s as stored"
    )


def fill(rivals: list[peers.Peer], work: Workload) -> None:
    """Fill every index, then wait until everything is listed and at rest."""
    for peer in rivals:
        say(f"  filling {peer.name}: {store(peer, [work.filler]):.1f} s")
    for peer in rivals:
        for study in [*work.studies, *work.filler_studies[-1:]]:
            wanted = work.slices if study in work.studies else 1
            while count(peer, study) < wanted:
                time.sleep(0.2)
    time.sleep(4)


def count(peer: peers.Peer, study: str) -> int:
    """Instances the server lists for a study."""
    answer = httpx.get(
        f"{peer.web}/studies/{study}/instances",
        headers={"Accept": JSON, **peer.headers([study])},
        trust_env=False,
        timeout=60,
    )
    return len(answer.json()) if answer.status_code == httpx.codes.OK else 0


if __name__ == "__main__":
    sys.exit(main())
