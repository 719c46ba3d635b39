"""First picture and whole series of a 200-slice CT over a thin line, as the viewer asks for them.

A client at the far end of a line, laid by ``tc`` (``shaped``) or carried by a relay (``line``),
opens six connections with a token as a browser does, asks OPTIONS before each new address as CORS
demands, reads the study, its series and the metadata, then the middle frame, then all others. Every
frame is decoded, and compared with what was sent when the clock has stopped. The CT is made
(``bench.gateway.data``).
"""

from __future__ import annotations

import http.client
import json
import queue
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import imagecodecs
import numpy as np
from pydicom import dcmread

from bench.gateway import peers
from bench.gateway.data import make
from bench.gateway.line import Line, thin_line
from bench.gateway.measure import Figures, store
from bench.gateway.shaped import NEAR, shaped_line
from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

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


CLIENT = [sys.executable, "-m", "bench.gateway.first_picture"]


@dataclass(frozen=True)
class FarEnd:
    """Where the gateway is to listen, and how a client beyond the line reaches it."""

    line: str
    near: str
    web: str
    command: list[str]


@contextmanager
def line_of_tc() -> Iterator[FarEnd]:
    """Shaped by the kernel.

    Raises:
        LineRefused: this machine does not let us.
    """
    with shaped_line(MBIT, ROUND_TRIP_MS) as laid:
        yield FarEnd("tc", NEAR, _web(NEAR, peers.HTTP_PORT), laid.far(CLIENT))


@contextmanager
def line_of_a_relay() -> Iterator[FarEnd]:
    """Carried by a relay, where the kernel shapes none."""
    with thin_line(Line(MBIT * 1e6, ROUND_TRIP_MS / 2000), peers.HTTP_PORT) as port:
        yield FarEnd("relay", peers.LOOPBACK, _web(peers.LOOPBACK, port), CLIENT)


def _web(host: str, port: int) -> str:
    return f"http://{host}:{port}/dicom-web"


def measure_first_picture(
    folder: Path, slices: int, figures: Figures, line: AbstractContextManager[FarEnd]
) -> None:
    """Fill a gateway with one CT, wait for its copies, and read it over the line."""
    with line as far:
        (folder / "far-data").mkdir()
        work = make(folder / "far-data", slices=slices, studies=1, fillers=1)
        sent = digests(work.folders[0])
        figures["line_20mbit"] = far.line
        with peers.gateway(folder / "far", far.near) as ours:
            store(ours, [work.folders[0]])
            _wait_for_copies(folder / "far" / "var" / "htj2k", slices)
            for name, accept in (("", PACKED), ("_raw", STORED)):
                headers = ours.headers(work.studies)
                job = Job(far.web, work.studies[0], accept, headers, sent)
                found = _at_the_far_end(far.command, job)
                figures[f"first_picture{name}_s_20mbit"] = found["first_picture_s"]
                figures[f"series{name}_s_20mbit"] = found["series_s"]
                figures[f"series{name}_bytes"] = found["bytes"]
    figures["series_time_of_raw_20mbit"] = round(
        figures["series_s_20mbit"] / figures["series_raw_s_20mbit"], 3
    )


@dataclass(frozen=True)
class Job:
    """What the client at the far end is to do, and the pictures it must get."""

    web: str
    study: str
    accept: str
    headers: dict[str, str]
    sent: dict[str, str]
    """SHA-256 of the grey values, by SOP Instance UID."""


class OtherPictures(RuntimeError):
    """What came is not what was sent, or not in the form that was asked for."""


class Picture(NamedTuple):
    """One frame as it came: bytes of the answer, its form, its grey values."""

    size: int
    is_packed: bool
    pixels: np.ndarray[Any, Any]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the grey values in these files, by SOP Instance UID."""
    read = map(dcmread, sorted(folder.glob("*.dcm")))
    return {str(one.SOPInstanceUID): sha256(one.PixelData).hexdigest() for one in read}


def require_as_sent(job: Job, came: dict[str, Picture]) -> None:
    """Every picture is there, as it was sent and as it was asked for.

    Raises:
        OtherPictures: one is not.
    """
    shown = {
        uid: sha256(np.ascontiguousarray(one.pixels).tobytes()).hexdigest()
        for uid, one in came.items()
    }
    wrong = sum(shown.get(uid) != digest for uid, digest in job.sent.items())
    if wrong or len(shown) != len(job.sent):
        raise OtherPictures(f"{wrong} of {len(job.sent)} frames came otherwise than they were sent")
    if any(one.is_packed != (job.accept == PACKED) for one in came.values()):
        raise OtherPictures("frames came in another form than was asked for")


def _at_the_far_end(command: list[str], job: Job) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own module
        command, input=json.dumps(asdict(job)), stdout=subprocess.PIPE, text=True, cwd=ROOT,
        check=True,
    )  # fmt: skip
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


def picture(body: bytes) -> Picture:
    """The one part of a multipart frame answer, decoded."""
    head, _, rest = body.partition(b"\r\n\r\n")
    content = rest[: rest.rindex(b"\r\n--")]
    is_packed = HTJ2K in head
    pixels = imagecodecs.htj2k_decode(content) if is_packed else np.frombuffer(content, "<i2")
    return Picture(len(body), is_packed, np.asarray(pixels))


def far_end(job: Job) -> dict[str, Any]:
    """Open the study as the viewer does; seconds from the first byte sent."""
    browser = Browser(job)
    study = f"/studies/{job.study}"
    started = time.perf_counter()
    with ThreadPoolExecutor(VIEWER_PARALLEL) as threads:
        ask = [f"/studies?StudyInstanceUID={job.study}", f"{study}/series"]
        listing = list(threads.map(lambda path: browser.get(path, JSON), ask))
        series = f"{study}/series/{json.loads(listing[1])[0]['0020000E']['Value'][0]}"
        rows = json.loads(browser.get(f"{series}/metadata", JSON))
        rows.sort(key=lambda row: -row["00200032"]["Value"][2])
        uids = [row["00080018"]["Value"][0] for row in rows]

        def drawn(uid: str) -> Picture:
            return picture(browser.get(f"{series}/instances/{uid}/frames/1", job.accept))

        middle = (len(uids) - 1) // 2
        came = {uids[middle]: drawn(uids[middle])}
        first_picture_s = time.perf_counter() - started
        outward = sorted(range(len(uids)), key=lambda n: abs(n - middle))[1:]
        rest = [uids[n] for n in outward]
        came.update(zip(rest, threads.map(drawn, rest), strict=True))
        series_s = time.perf_counter() - started
    require_as_sent(job, came)
    return {
        "first_picture_s": round(first_picture_s, 3),
        "series_s": round(series_s, 2),
        "bytes": sum(one.size for one in came.values()),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(far_end(Job(**json.load(sys.stdin)))))
