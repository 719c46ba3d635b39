"""What HTJ2K saves: bytes and time of CT slices. ``python -m bench.htj2k [--json] [--slices N]``.

Made chest CT, and the real CT objects of the pydicom package. One thread; every stream is decoded
again and compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames

from bench.gateway.data import plan
from dicom_gateway.representations import Shape, encode
from simulators.modality.phantom import Phantom
from simulators.modality.studies import GeneratedCt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom import Dataset

REAL = ("CT_small.dcm", "J2K_pixelrep_mismatch.dcm")
LINE_BITS_A_SECOND = 20_000_000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--slices", type=int, default=20)
    options = parser.parse_args()
    made = GeneratedCt(plan("bench-htj2k", 0), Phantom(), options.slices)
    figures = {"made_ct": measure(made), **{name: measure([real(name)]) for name in REAL}}
    for name, found in figures.items():
        if not options.json:
            said = ", ".join(f"{key} {value}" for key, value in found.items())
            sys.stdout.write(f"{name}: {said}\n")
    if options.json:
        sys.stdout.write(json.dumps({"imagecodecs": imagecodecs.__version__, **figures}) + "\n")
    return 0


def real(name: str) -> Dataset:
    """One of pydicom's real CT objects; a compressed one decoded, for the measurement only."""
    path = get_testdata_file(name)
    if not isinstance(path, str):
        raise SystemExit(f"pydicom has no {name}")
    data_set = dcmread(path)
    if data_set.file_meta.TransferSyntaxUID.is_compressed:
        stream = next(iter(frames_of(data_set)))
        pixels = imagecodecs.jpeg2k_decode(stream)
        data_set.PixelRepresentation = int(pixels.dtype.kind == "i")
        data_set.PixelData = np.ascontiguousarray(pixels).tobytes()
    return data_set


def frames_of(data_set: Dataset) -> Iterable[bytes]:
    """Compressed frames as stored."""
    return generate_frames(data_set.PixelData, number_of_frames=1)


def measure(data_sets: Iterable[Dataset]) -> dict[str, Any]:
    """Sizes, ratio and medians over the slices."""
    raw = packed = 0
    encoding, decoding = [], []
    for one in data_sets:
        sign = "i" if one.PixelRepresentation else "u"
        shape = Shape(one.Rows, one.Columns, f"<{sign}{one.BitsAllocated // 8}")
        before = time.perf_counter()
        stream = encode(imagecodecs, one.PixelData, shape)
        between = time.perf_counter()
        if stream is None:
            raise SystemExit("a frame did not read back bit for bit")
        imagecodecs.htj2k_decode(stream)
        decoding.append(time.perf_counter() - between)
        encoding.append(between - before)
        raw, packed = raw + len(one.PixelData), packed + len(stream)
    return {
        "raw_bytes": raw,
        "htj2k_bytes": packed,
        "ratio": round(raw / packed, 2),
        "encode_and_check_ms": round(1000 * statistics.median(encoding), 1),
        "decode_ms": round(1000 * statistics.median(decoding), 1),
        "line_20mbit_s": round(8 * packed / LINE_BITS_A_SECOND, 2),
        "line_20mbit_raw_s": round(8 * raw / LINE_BITS_A_SECOND, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
