"""First picture and whole series of a 200-slice CT over a thin line, as the viewer asks for them.

A client at the far end of a shaped line (``shaped``) with a token opens six connections as a
browser does, asks OPTIONS before each new address as CORS demands, reads the study, its series and
the metadata, then the middle frame, then all others. Every frame
is decoded. The CT is made (``bench.gateway.data``).
"""

from __future__ import annotations

import http.client
import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import imagecodecs
import numpy as np

from bench.gateway import peers
from bench.gateway.data import make
from bench.gateway.measure import Figures, store
from bench.gateway.shaped import NEAR, shaped_line
from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Got = TypeVar("Got")

MBIT, ROUND_TRIP_MS = 20.0, 30.0
JSON = "application/dicom+json"
PACKED = (
    "multipart/related; type=image/jphc, "
    "multipart/related; type=application/octet-stream; transfer-syntax=*"
)
STORED = "multipart/related; type=application/octet-stream; transfer-syntax=*"
BROWSER_CONNECTIONS = 6
VIEWER_PARALLEL = 5
HTJ2K = b"1.2.840.10008.1.2.4.201"
COPIES_DEADLINE_S = 300
HTTP_OK = 200


def measure_first_picture(folder: Path, slices: int, figures: Figures) -> None:
    """Fill a gateway with one CT, wait for its copies, and read it over the line."""
    (folder / "far-data").mkdir(parents=True)
    work = make(folder / "far-data", slices=slices, studies=1, fillers=1)
    with shaped_line(MBIT, ROUND_TRIP_MS) as thin, peers.gateway(folder / "far", NEAR) as ours:
        store(ours, [work.folders[0]])
        _wait_for_copies(folder / "far" / "var" / "htj2k", slices)
        for name, accept in (("", PACKED), ("_raw", STORED)):
            job = Job(ours.web, work.studies[0], accept, ours.headers(work.studies))
            found = _at_the_far_end(thin.far([sys.executable, "-m", __spec__.name]), job)
            figures[f"first_picture{name}_s_20mbit"] = found["first_picture_s"]
            figures[f"series{name}_s_20mbit"] = found["series_s"]
            figures[f"series{name}_bytes"] = found["bytes"]
    figures["series_time_of_raw_20mbit"] = round(
        figures["series_s_20mbit"] / figures["series_raw_s_20mbit"], 3
    )


@dataclass(frozen=True)
class Job:
    """What the client at the far end is to do."""

    web: str
    study: str
    accept: str
    headers: dict[str, str]


def _at_the_far_end(command: list[str], job: Job) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own module
        command, input=json.dumps(asdict(job)), capture_output=True, text=True, cwd=ROOT, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _wait_for_copies(made: Path, slices: int) -> None:
    deadline = time.monotonic() + COPIES_DEADLINE_S
    while len(list(made.rglob("*.jph"))) < slices:
        if time.monotonic() > deadline:
            raise TimeoutError("the HTJ2K copies were not made in time")
        time.sleep(0.5)


class Browser:
    """Up to six keep-alive connections to the gateway; a preflight before each address."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._base = urlsplit(job.web)
        self._free: queue.SimpleQueue[http.client.HTTPConnection] = queue.SimpleQueue()
        for _ in range(BROWSER_CONNECTIONS):
            self._free.put(http.client.HTTPConnection(self._base.netloc, timeout=120))

    def get(self, path: str, accept: str) -> bytes:
        """The body of one answer."""
        connection = self._free.get()
        try:
            asks = {"Access-Control-Request-Method": "GET", "Origin": peers.PORTAL}
            connection.request("OPTIONS", self._base.path + path, headers=asks)
            connection.getresponse().read()
            headers = {"Accept": accept, "Accept-Encoding": "gzip", **self._job.headers}
            connection.request("GET", self._base.path + path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            self._free.put(connection)
        if answer.status != HTTP_OK:
            raise RuntimeError(f"status {answer.status}")
        return decompressed(body, answer.getheader("Content-Encoding"))


def decompressed(body: bytes, encoding: str | None) -> bytes:
    """The body without its content coding."""
    return bytes(imagecodecs.gzip_decode(body)) if encoding == "gzip" else body


def pixels_of(body: bytes) -> np.ndarray[Any, Any]:
    """Grey values of the one part of a multipart frame answer."""
    head, _, rest = body.partition(b"\r\n\r\n")
    content = rest[: rest.rindex(b"\r\n--")]
    if HTJ2K in head:
        return np.asarray(imagecodecs.htj2k_decode(content))
    return np.frombuffer(content, "<i2").reshape(512, 512)


def far_end(job: Job) -> dict[str, Any]:
    """Open the study as the viewer does; seconds from the first byte sent."""
    browser = Browser(job)
    study = f"/studies/{job.study}"
    started = time.perf_counter()
    listing = _together(
        lambda path: browser.get(path, JSON),
        [f"/studies?StudyInstanceUID={job.study}", f"{study}/series"],
    )
    series = f"{study}/series/{json.loads(listing[1])[0]['0020000E']['Value'][0]}"
    rows = json.loads(browser.get(f"{series}/metadata", JSON))
    rows.sort(key=lambda row: -row["00200032"]["Value"][2])
    paths = [f"{series}/instances/{row['00080018']['Value'][0]}/frames/1" for row in rows]
    middle = (len(paths) - 1) // 2
    first = browser.get(paths[middle], job.accept)
    pixels_of(first)
    first_picture_s = time.perf_counter() - started
    outward = sorted((n for n in range(len(paths)) if n != middle), key=lambda n: abs(n - middle))
    sizes = _together(lambda path: drawn(browser, path, job.accept), [paths[n] for n in outward])
    return {
        "first_picture_s": round(first_picture_s, 3),
        "series_s": round(time.perf_counter() - started, 2),
        "bytes": len(first) + sum(sizes),
    }


def drawn(browser: Browser, path: str, accept: str) -> int:
    """Fetch and decode one frame; the bytes it took."""
    body = browser.get(path, accept)
    pixels_of(body)
    return len(body)


def _together(get: Callable[[str], Got], paths: list[str]) -> list[Got]:
    """All of them, as many at once as the viewer has under way."""
    left: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
    for one in enumerate(paths):
        left.put(one)
    found: dict[int, Got] = {}

    def work() -> None:
        while not left.empty():
            try:
                number, path = left.get_nowait()
            except queue.Empty:
                return
            found[number] = get(path)

    workers = [threading.Thread(target=work) for _ in range(min(VIEWER_PARALLEL, len(paths)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [found[number] for number in range(len(paths))]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(far_end(Job(**json.load(sys.stdin)))))
