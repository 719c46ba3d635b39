"""``python -m bench.gateway_memory [--megabytes N] [--bucket URL] [--json]``.

One multi-frame object, 500 MB unless said otherwise, goes in by C-STORE and comes out by DICOMweb:
whole, by range, and frame by frame. Told is by how much each program's largest resident memory grew
over what it was before (VmHWM; pages of mapped files count in it, ``anonymous`` is without them).
With a bucket, the object is read from there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from bench.gateway.peers import STORESCU, TUNED
from dicom_gateway.backlog import backlog, files_below
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.processes import Programs, stop
from tests.dicom_gateway.stage import AE_TITLE, claims, free_port, make_keys, send, sign, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLE_SECONDS: Final = 0.5
SETTLE_READINGS: Final = 4
MOST_ANONYMOUS_MIB: Final = 32
MOST_WITH_BUCKET_MIB: Final = 160
"""The library of the bucket and parts of 8 MiB on their way."""
SIDE: Final = 1024
FRAME_BYTES: Final = 2 * SIDE * SIDE
STUDY: Final = "1.2.3.4"
INSTANCE: Final = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
FRAMES_READ: Final = 20
HEAD_BYTES: Final = 4096
"""The sender's file head differs from ours."""


def main() -> int:
    """Run it. Returns 1 when a program's own memory grew by more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--bucket", default="", help="storage_url; keys from AWS_* variables")
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gateway-memory-") as folder:
        figures = measure(Path(folder), chosen.megabytes, chosen.bucket)
    for name, value in figures.items():
        sys.stdout.write(f"{name:<34} {value:>10.1f}\n")
    if chosen.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    grown = [value for name, value in figures.items() if name.endswith("_anonymous_mib")]
    return 1 if max(grown) > (MOST_WITH_BUCKET_MIB if chosen.bucket else MOST_ANONYMOUS_MIB) else 0


@dataclass(frozen=True)
class Memory:
    """Of one process tree, MiB."""

    resident: float
    anonymous: float


def measure(folder: Path, megabytes: int, bucket: str) -> dict[str, float]:
    """Growth and seconds, by name."""
    more: dict[str, object] = {"htj2k": "false", "disk_reserve_bytes": 0}
    programs = Programs(folder, make_keys(folder), free_port(), free_port(), more=more)
    if bucket:
        more["storage_url"] = bucket
    path = folder / "large.dcm"
    write_large(path, max(2, megabytes * 1_000_000 // FRAME_BYTES))
    receiving, serving = programs.start("dimse"), programs.start("web")
    try:
        wait_until(programs.answers_echo, "the gateway answers C-ECHO")
        wait_until(programs.answers_http, "DICOMweb answers")
        stored = measure_store(programs, receiving, path)
        return {**stored, **measure_read(programs, serving, path)}
    finally:
        for one in (receiving, serving):
            stop(one)


def measure_store(
    programs: Programs, process: subprocess.Popen[bytes], path: Path
) -> dict[str, float]:
    """C-STORE with dcmtk, after one small object."""
    require(send(programs.dicom_port, [ct(study="1.2.3.9")]) == [0], "a small object is stored")
    before, began = settled(process), time.perf_counter()
    where = ("-xe", "-aec", AE_TITLE, "127.0.0.1", str(programs.dicom_port))
    subprocess.run([*TUNED, STORESCU, *where, str(path)], check=True)  # noqa: S603 - dcmtk
    seconds = time.perf_counter() - began
    if "storage_url" in programs.more:
        leave_to_bucket(programs.folder / "var")
    return {"store_seconds": seconds, **growth("store", process, before)}


def leave_to_bucket(var: Path) -> None:
    """Wait until the bucket has everything, and take it off this disk."""
    wait_until(lambda: not backlog(var).objects, "the bucket has everything")
    for folder in ("cache", "objects"):
        for path, _ in files_below(var / folder):
            path.unlink(missing_ok=True)


def measure_read(
    programs: Programs, process: subprocess.Popen[bytes], path: Path
) -> dict[str, float]:
    """DICOMweb, after one small request; the object must be the one that was sent."""
    size = path.stat().st_size
    token = sign(programs.keys.portal, claims(STUDY))
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/dicom"}
    root = f"http://127.0.0.1:{programs.http_port}/dicom-web{INSTANCE}"
    with httpx.Client(headers=headers, timeout=300, trust_env=False) as client:
        wait_until(lambda: is_listed(client, root), "it is listed")
        before, began = memory(process), time.perf_counter()
        with client.stream("GET", root) as answer:
            count = sum(map(len, answer.iter_bytes()))
        seconds = time.perf_counter() - began
        require(abs(count - size) < HEAD_BYTES, "the object comes back with its size")
        octets = {"Accept": "application/octet-stream"}
        for number in range(1, FRAMES_READ + 1):
            frame = client.get(f"{root}/frames/{number}", headers=octets)
            require(len(frame.content) == FRAME_BYTES, "a frame comes back")
        middle = {"Range": f"bytes={size // 2}-{size // 2 + FRAME_BYTES - 1}"}
        require(len(client.get(root, headers=middle).content) == FRAME_BYTES, "a range comes back")
    return {"read_seconds": seconds, **growth("read", process, before)}


def require(holds: bool, words: str) -> None:  # noqa: FBT001 - read as a sentence
    """End the run when it does not hold."""
    if not holds:
        raise SystemExit(f"not so: {words}")


def is_listed(client: httpx.Client, root: str) -> bool:
    """Whether the first bytes can be had."""
    return client.get(root, headers={"Range": "bytes=0-9"}).status_code == 206  # noqa: PLR2004


def write_large(path: Path, frames: int) -> None:
    """A CT of many frames, written piece by piece."""
    small = ct(Rows=SIDE, Columns=SIDE, NumberOfFrames=frames, PixelData=b"\0\0")
    small.save_as(path, enforce_file_format=True)
    with path.open("r+b") as file:
        file.seek(-6, 2)
        file.write((frames * FRAME_BYTES).to_bytes(4, "little"))
        for number in range(frames):
            file.write(number.to_bytes(2, "little") * (FRAME_BYTES // 2))


def growth(name: str, process: subprocess.Popen[bytes], before: Memory) -> dict[str, float]:
    """By how much the largest of each grew."""
    now = memory(process)
    return {
        f"{name}_resident_mib": now.resident - before.resident,
        f"{name}_anonymous_mib": now.anonymous - before.anonymous,
    }


def memory(process: subprocess.Popen[bytes]) -> Memory:
    """The whole tree below: largest resident, and what is private now."""
    lines = [line for one in tree(process.pid) for line in status_of(one)]

    def total(key: str) -> float:
        return sum(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024

    return Memory(total("VmHWM:"), total("RssAnon:"))


def settled(process: subprocess.Popen[bytes]) -> Memory:
    """Its memory once it has grown no more for two seconds: the worker below is up, too."""
    last, quiet = memory(process), 0
    while quiet < SETTLE_READINGS:
        time.sleep(SETTLE_SECONDS)
        now = memory(process)
        quiet = quiet + 1 if now.resident - last.resident < 1 else 0
        last = now
    return last


def tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        for child in (thread / "children").read_text("ascii").split():
            yield from tree(int(child))


def status_of(pid: int) -> list[str]:
    """The lines of /proc/PID/status; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
