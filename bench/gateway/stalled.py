"""Twenty readers that stop reading, and who waits for them; memory of a study of 5,000 instances.

Each reader opens the answer that holds the whole series and takes its first bytes only. Meanwhile
a frame, a study list and the metadata of the series are asked for, as they were before. Resident
memory is the web program's, all its processes together; the peak is while one reader takes all.
Only the web program runs, over objects that were stored before.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx
import numpy as np

from bench.gateway import peers
from bench.gateway.data import made_slice, plan
from bench.gateway.measure import Case, Figures, race, store
from bench.gateway_memory import status_of, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READERS: Final = 20
SIDE: Final = 160
SENDERS: Final = 4
TURNS: Final = 40
STARTS: Final = 3
LISTED_SECONDS: Final = 120.0
SETTLED_SECONDS: Final = 5.0
FILLED_SECONDS: Final = 2.0
LITTLE_BUFFER: Final = 4096
SERIES_LEAST: Final = 2 * SIDE * SIDE
JSON: Final = "application/dicom+json"
OBJECTS: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'
FRAME: Final = 'multipart/related; type="application/octet-stream"'


def measure_stalled(folder: Path, instances: int, figures: Figures) -> None:
    """Store the study, then ask with and without the stalled readers."""
    study = _stored(folder, instances)
    before_web = set(tree(os.getpid()))
    with peers.gateway_web(folder / "stalled", "") as ours:
        web = [one for one in tree(os.getpid()) if one not in before_web]
        series, instance = _places(ours, study)
        wanted = {
            f"{instance}/frames/1": FRAME,
            f"/studies?StudyInstanceUID={study}": JSON,
            f"{series}/metadata": JSON,
        }
        free = _next_answers(ours, study, wanted)
        for one in web:
            _forget_peak(one)
        figures["whole_series_rss_before_mib"] = _resident(web, "VmRSS:")
        figures["whole_series_s"] = _take_all(ours, study, series, instances)
        figures["whole_series_rss_peak_mib"] = _resident(web, "VmHWM:")
        figures["stalled_rss_before_mib"] = _resident(web, "VmRSS:")
        with _stalled_readers(ours, study, series):
            time.sleep(FILLED_SECONDS)
            figures["stalled_rss_after_mib"] = _resident(web, "VmRSS:")
            held = _next_answers(ours, study, wanted)
    figures["stalled_instances"] = instances
    for kind, path in zip(("frame", "list", "metadata"), wanted, strict=True):
        figures[f"unstalled_{kind}_ms_p95"] = _p95(free[path])
        figures[f"stalled_{kind}_ms_p95"] = _p95(held[path])
    figures["stalled_next_answer_more_ms"] = round(
        max(_p95(held[path]) - _p95(free[path]) for path in wanted), 2
    )
    _tell(figures)


def _stored(folder: Path, instances: int) -> str:
    """Identifier of a study of that many small slices; every one is listed, nothing runs."""
    one = plan("bench-stalled", 1)
    folders = [folder / "stalled-data" / str(number) for number in range(SENDERS)]
    for path in folders:
        path.mkdir(parents=True)
    data_set = made_slice(SIDE)
    data_set.PixelData = np.arange(SIDE * SIDE, dtype="<i2").tobytes()
    for number in range(1, instances + 1):
        one.label(data_set, 1, number)
        path = folders[number % SENDERS] / f"{number:05d}.dcm"
        data_set.save_as(path, enforce_file_format=True)
    with peers.gateway(folder / "stalled") as ours:
        store(ours, folders)
        deadline = time.monotonic() + LISTED_SECONDS
        while _listed(ours, one.study_instance_uid) < instances:
            if time.monotonic() > deadline:
                raise TimeoutError("the study was not listed in time")
            time.sleep(0.5)
        time.sleep(SETTLED_SECONDS)  # its series' metadata are prepared when it is quiet
    return one.study_instance_uid


def _asked(peer: peers.Peer, study: str, path: str) -> httpx.Response:
    headers = {"Accept": JSON, **peer.headers([study])}
    return httpx.get(f"{peer.web}{path}", headers=headers, trust_env=False, timeout=60)


def _listed(peer: peers.Peer, study: str) -> int:
    answer = _asked(peer, study, f"/studies?StudyInstanceUID={study}&includefield=00201208")
    found = answer.json() if answer.status_code == httpx.codes.OK else []
    return int(found[0]["00201208"]["Value"][0]) if found else 0


def _places(peer: peers.Peer, study: str) -> tuple[str, str]:
    found = _asked(peer, study, f"/studies/{study}/instances?limit=1").json()[0]
    series = f"/studies/{study}/series/{found['0020000E']['Value'][0]}"
    return series, f"{series}/instances/{found['00080018']['Value'][0]}"


def _next_answers(peer: peers.Peer, study: str, wanted: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of the answers of each kind, over new connections again and again."""
    found: dict[str, list[float]] = {path: [] for path in wanted}
    for _ in range(STARTS):
        for path, accept in wanted.items():
            headers = {"Accept": accept, "Accept-Encoding": "gzip", **peer.headers([study])}
            case = Case(peer.web, [path], headers)
            race({"gateway": case}, seconds=3.0, most=TURNS)
            if case.status != peers.HTTP_OK:
                raise RuntimeError(f"status {case.status}")
            found[path] += [one * 1e3 for one in case.seconds]
    return found


def _p95(found: list[float]) -> float:
    return round(sorted(found)[int(0.95 * (len(found) - 1))], 2)


@contextmanager
def _stalled_readers(peer: peers.Peer, study: str, series: str) -> Iterator[None]:
    """Readers that took the head of the answer and read no more."""
    address = urlsplit(peer.web)
    lines = [
        f"GET {address.path}{series} HTTP/1.1",
        f"Host: {address.netloc}",
        f"Accept: {OBJECTS}",
        *(f"{name}: {value}" for name, value in peer.headers([study]).items()),
    ]
    with ExitStack() as open_readers:
        for _ in range(READERS):
            reader = open_readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE_BUFFER)
            reader.settimeout(30)
            reader.connect((address.hostname or "", address.port or 80))
            reader.sendall("\r\n".join([*lines, "", ""]).encode())
            if reader.recv(12) != b"HTTP/1.1 200":
                raise RuntimeError("a reader got no answer to stop reading")
        yield


def _take_all(peer: peers.Peer, study: str, series: str, instances: int) -> float:
    headers = {"Accept": OBJECTS, **peer.headers([study])}
    case = Case(peer.web, [series], headers)
    seconds = case.ask(0)
    if case.status != peers.HTTP_OK or case.size < instances * SERIES_LEAST:
        raise RuntimeError(f"status {case.status}, {case.size} bytes: not the whole series")
    return round(seconds, 2)


def _resident(processes: list[int], key: str) -> float:
    lines = [line for one in processes for line in status_of(one) if line.startswith(key)]
    return round(sum(int(line.split()[1]) for line in lines) / 1024, 1)


def _forget_peak(process: int) -> None:
    """The largest resident memory is counted anew (proc(5), clear_refs)."""
    with open(f"/proc/{process}/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("5")


def _tell(figures: Figures) -> None:
    """The figures for people."""
    kinds = ", ".join(
        f"{kind} {figures[f'unstalled_{kind}_ms_p95']} to {figures[f'stalled_{kind}_ms_p95']} ms"
        for kind in ("frame", "list", "metadata")
    )
    sys.stdout.write(
        f"{READERS} stalled readers of {figures['stalled_instances']} instances: p95 of the next"
        f" answers {kinds}; web {figures['stalled_rss_before_mib']} MiB before,"
        f" {figures['stalled_rss_after_mib']} with them; at most"
        f" {figures['whole_series_rss_peak_mib']} MiB while one reader takes all"
        f" ({figures['whole_series_s']} s)\n"
    )
