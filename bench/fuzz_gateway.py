"""Hostile DICOM: ``python -m bench.fuzz_gateway [--mutations N] [--seed S] [--json]``.

pydicom's own objects with a few bytes set, cut, doubled or inserted, in the head and the data set.
Each goes the way of an object that comes in: inspected, and rendered when it was accepted. Every
answer must be one of our own refusals, within two seconds of CPU and 300 MB.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING

import pydicom.data
from pydicom import dcmread

from bench.fuzz_jpki import mutate
from dicom_gateway.dicomjson import render
from dicom_gateway.errors import GatewayError
from dicom_gateway.ingest import inspect_whole
from dicom_gateway.part10 import Claim, Head, read_head

if TYPE_CHECKING:
    from collections.abc import Callable

MUTATIONS = 10_000
LIMIT_SECONDS = 2.0
LIMIT_MEGABYTES = 300
LARGEST_BYTES = 100_000
_KILOBYTES = 1024


@dataclass
class Outcome:
    """What came of all mutations."""

    kinds: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    slowest: str = ""


def originals() -> dict[str, bytes]:
    """The objects of the package that are small and whole."""
    found = {}
    for path in sorted(Path(pydicom.data.__file__).parent.rglob("*.dcm")):
        content = path.read_bytes() if path.stat().st_size <= LARGEST_BYTES else b""
        if content[128:132] == b"DICM":
            found[path.name] = content
    return found


def run(mutations: int, seed: int, on_progress: Callable[[int], None] = lambda _n: None) -> Outcome:
    """Mutate and take in, each object in turn."""
    chance, found = random.Random(seed), Outcome()  # noqa: S311 - reproducible, not secret
    samples = sorted(originals().items())
    for number in range(mutations):
        name, original = samples[number % len(samples)]
        _try(name, mutate(original, chance), found)
        on_progress(number + 1)
    return found


def _try(name: str, content: bytes, found: Outcome) -> None:
    started = thread_time()
    try:
        kind = take(content)
    except GatewayError as error:
        kind = error.code
    except Exception as error:  # noqa: BLE001 - what this program looks for
        kind = "FOREIGN"
        found.foreign.append(f"{name}: {error!r}")
    spent = thread_time() - started
    found.kinds[kind] += 1
    if spent > found.slowest_seconds:
        found.slowest_seconds, found.slowest = spent, name


def take(content: bytes) -> str:
    """The way in of one file, and what its header becomes.

    Raises:
        GatewayError: it is refused.
    """
    head = read_head(content)
    inspect_whole(content, head.end, _claim(content, head))
    return _rendered(content)


def _claim(content: bytes, head: Head) -> Claim:
    """The claim the data set fulfils, so that the mutation is what decides."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data_set = dcmread(io.BytesIO(content), stop_before_pixels=True, force=True)
            names = str(data_set.get("SOPClassUID")), str(data_set.get("SOPInstanceUID"))
    except Exception:  # noqa: BLE001 - the library's reader is not what is tried here
        names = head.sop_class_uid, head.sop_instance_uid
    return Claim(*names, head.transfer_syntax_uid, "FUZZ")


def _rendered(content: bytes) -> str:
    """The worker's edge keeps whatever defies the reader as unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data_set = dcmread(io.BytesIO(content), stop_before_pixels=True)
        render(data_set, str)
    except Exception:  # noqa: BLE001 - as the worker's edge
        return "kept as unreadable"
    return "taken"


def _figures(found: Outcome, mutations: int, megabytes: int) -> dict[str, float]:
    """By name; seconds of CPU, resident megabytes."""
    return {
        "mutations": mutations,
        "foreign": len(found.foreign),
        "slowest_s": round(found.slowest_seconds, 3),
        "most_mb": megabytes,
    }


def main(argv: list[str] | None = None) -> int:
    """Fuzz and print. Returns 1 after a foreign exception, a slow answer or too much memory."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_gateway", description=__doc__)
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    chosen = parser.parse_args(argv)

    def progress(done: int) -> None:
        if done % 1000 == 0:
            sys.stderr.write(f"{done:,} of {chosen.mutations:,}\n")

    found = run(chosen.mutations, chosen.seed, progress)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KILOBYTES
    for kind, count in sorted(found.kinds.items()):
        sys.stdout.write(f"{count:7,} {kind}\n")
    sys.stdout.write("".join(f"foreign: {line}\n" for line in found.foreign))
    sys.stdout.write(
        f"{chosen.mutations:,} mutations of {len(originals())} objects, "
        f"{len(found.foreign)} foreign exceptions, slowest {found.slowest_seconds:.2f} s CPU "
        f"({found.slowest}), {megabytes} MB at most\n"
    )
    if chosen.json:
        figures = _figures(found, chosen.mutations, megabytes)
        sys.stdout.write(json.dumps(figures) + "\n")
    is_slow = found.slowest_seconds > LIMIT_SECONDS
    return int(bool(found.foreign) or is_slow or megabytes > LIMIT_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
