"""A CT over a line of 20 Mbit/s and 30 ms there and back: when the first picture is there, and all.

A reader with six connections, as a browser has, asks for the study's instances and then for every
frame, the middle one first, once as HTJ2K and once as stored. The clock starts before the first
connection. A frame counts when its last byte is here and it has decoded to the pixels that were
sent.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from imagecodecs import htj2k_decode
from pydicom import dcmread

from bench.gateway.line import Line, thin_line

if TYPE_CHECKING:
    from pathlib import Path

    from bench.gateway.measure import Figures
    from bench.gateway.peers import Peer

LINE = Line(bits_per_second=20e6, delay_seconds=0.015)
CONNECTIONS = 6
HTJ2K = "image/jphc"
RAW = "application/octet-stream"
DEADLINE_SECONDS = 600.0


class Seen(NamedTuple):
    """Seconds from the first connection to the first picture and to the last."""

    first_picture: float
    whole_series: float
    megabytes: float


def measure_thin(gateway: Peer, study: str, folder: Path, figures: Figures) -> None:
    """Both forms over the same line; ``folder`` holds the files that were sent."""
    sent = {one.SOPInstanceUID: one.PixelData for one in map(dcmread, folder.glob("*.dcm"))}
    _wait_for_copies(gateway, study, len(sent))
    _say(f"over {LINE.bits_per_second / 1e6:.0f} Mbit/s, 30 ms, {CONNECTIONS} connections")
    seen = {}
    for kind in (HTJ2K, RAW):
        seen[kind] = _read(gateway, study, kind, sent)
        _say(
            f"  {kind:26s} first picture {seen[kind].first_picture:6.2f} s"
            f"   whole series {seen[kind].whole_series:6.1f} s  {seen[kind].megabytes:6.1f} MB"
        )
    figures["first_picture_s_20mbit"] = round(seen[HTJ2K].first_picture, 3)
    figures["first_picture_raw_s_20mbit"] = round(seen[RAW].first_picture, 3)
    figures["series_s_20mbit"] = round(seen[HTJ2K].whole_series, 2)
    figures["series_raw_s_20mbit"] = round(seen[RAW].whole_series, 2)
    figures["series_time_of_raw_20mbit"] = round(
        seen[HTJ2K].whole_series / seen[RAW].whole_series, 3
    )


def _read(gateway: Peer, study: str, kind: str, sent: dict[str, bytes]) -> Seen:
    with thin_line(LINE, urlsplit(gateway.web).port or 80) as port:
        reading = _Reading(port, {**gateway.headers([study]), "Accept": kind}, kind, sent)
        with closing(reading.connection()) as connection:
            for path in _frames(connection, study, gateway.headers([study])):
                reading.waiting.put(path)
        readers = [threading.Thread(target=reading.read) for _ in range(CONNECTIONS)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    if reading.wrong or len(reading.came) != len(sent):
        raise RuntimeError(f"{len(reading.wrong)} frames came otherwise than they were sent")
    times = [one for one, _ in reading.came]
    return Seen(min(times), max(times), sum(size for _, size in reading.came) / 1e6)


@dataclass
class _Reading:
    """One reader's work, shared by its connections."""

    port: int
    headers: dict[str, str]
    kind: str
    sent: dict[str, bytes]
    waiting: SimpleQueue[str] = field(default_factory=SimpleQueue)
    came: list[tuple[float, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def read(self) -> None:
        """Frame after frame over one connection, until none waits."""
        with closing(self.connection()) as connection:
            while path := _next(self.waiting):
                connection.request("GET", path, headers=self.headers)
                response = connection.getresponse()
                body = response.read()
                uid = path.split("/")[-3]
                told = (response.getheader("Content-Type") or "").split(";")[0]
                if told != self.kind or _pixels(body, self.kind) != self.sent[uid]:
                    self.wrong.append(uid)
                self.came.append((time.perf_counter() - self.started, len(body)))


def _next(waiting: SimpleQueue[str]) -> str:
    try:
        return waiting.get_nowait()
    except Empty:
        return ""


def _pixels(body: bytes, kind: str) -> bytes:
    return body if kind == RAW else np.ascontiguousarray(htj2k_decode(body)).tobytes()


def _frames(
    connection: http.client.HTTPConnection, study: str, headers: dict[str, str]
) -> list[str]:
    """Paths of all frames, from the middle of the series outwards."""
    connection.request("GET", f"/dicom-web/studies/{study}/instances", headers=headers)
    found = json.loads(connection.getresponse().read())
    found.sort(key=lambda one: int(one["00200013"]["Value"][0]))
    middle = len(found) // 2
    order = sorted(range(len(found)), key=lambda at: abs(at - middle))
    return [
        f"/dicom-web/studies/{study}/series/{found[at]['0020000E']['Value'][0]}"
        f"/instances/{found[at]['00080018']['Value'][0]}/frames/1"
        for at in order
    ]


def _wait_for_copies(gateway: Peer, study: str, count: int) -> None:
    """The copies are made in the background, when nothing else waits."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    headers = gateway.headers([study])
    connection = http.client.HTTPConnection(urlsplit(gateway.web).netloc)
    left = _frames(connection, study, headers)
    if len(left) != count:
        raise RuntimeError(f"{len(left)} of {count} objects are listed")
    while left:
        if time.monotonic() > deadline:
            raise RuntimeError("the HTJ2K copies were not made")
        connection.request("GET", left[-1], headers={**headers, "Accept": f"{HTJ2K}, {RAW};q=0.1"})
        response = connection.getresponse()
        response.read()
        if (response.getheader("Content-Type") or "").startswith(HTJ2K):
            left.pop()
        else:
            time.sleep(0.2)
        headers = gateway.headers([study])


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
