"""The process that decodes: jobs as JSON lines on standard input, pictures on standard output.

It imports nothing of the web or the index, lowers its own limits first, and ends with its parent.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import warnings
from typing import Any, BinaryIO, Final

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from dicom_gateway.pixels import JPEG_LS, NotDecoded, frame_values, jpeg_ls_bytes, native_bytes
from dicom_gateway.renderer import HEAD

MOST_MEMORY_BYTES: Final = 3 * 1024**3
MOST_SIDE: Final = 16_384
MOST_PIXELS: Final = 64 * 1024**2
MOST_FRAMES: Final = 100_000
_SIGMOID_STEEPNESS: Final = -4.0
_WHITE: Final = 255.0
_GRAY_AXES: Final = 2


class CannotDraw(Exception):
    """Said to the client: must not hold anything of the object."""


def main() -> None:
    """Answer jobs until standard input closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    answers = sys.stdout.buffer
    _answer(answers, True, b"")  # noqa: FBT003 - ready
    for line in sys.stdin.buffer:
        _answer(answers, *_try(json.loads(line)))


def _answer(answers: BinaryIO, good: bool, content: bytes) -> None:  # noqa: FBT001 - one protocol
    answers.write(HEAD.pack(good, len(content)) + content)
    answers.flush()


def _try(job: dict[str, Any]) -> tuple[bool, bytes]:
    """A process edge: decoders raise whatever they like."""
    try:
        return True, _done(job)
    except (CannotDraw, NotDecoded) as error:
        return False, str(error).encode("ascii")
    except Exception:  # noqa: BLE001 - edge of the decoding process
        return False, b"the pixels of this frame cannot be decoded here"


def _done(job: dict[str, Any]) -> bytes:
    if "recode" not in job:
        return draw(job["path"], job["picture"])
    frame, target = job["recode"]
    header = dcmread(job["path"], stop_before_pixels=True, defer_size=1024)
    _require_limits(header)
    encode = jpeg_ls_bytes if target == JPEG_LS else native_bytes
    return encode(job["path"], header, frame - 1)


def draw(path: str, picture: dict[str, Any]) -> bytes:
    """One frame as an encoded picture.

    Raises:
        CannotDraw: no pixels, or too many.
    """
    header = dcmread(path, stop_before_pixels=True, defer_size=1024)
    _require_limits(header)
    frame = frame_values(path, header, picture["frame"] - 1)
    image = Image.fromarray(_as_bytes(frame, header, picture["window"]))
    if picture["region"]:
        left, top, width, height = picture["region"]
        if left >= image.width or top >= image.height:
            raise CannotDraw("the region lies outside of the picture")
        image = image.crop(
            (left, top, min(left + width, image.width), min(top + height, image.height))
        )
    if picture["columns"] and picture["rows"]:
        image.thumbnail((picture["columns"], picture["rows"]), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    options = {"quality": picture["quality"]} if picture["kind"] == "JPEG" else {}
    image.save(out, picture["kind"], **options)
    return out.getvalue()


def _require_limits(header: Dataset) -> None:
    rows, columns = int(header.get("Rows") or 0), int(header.get("Columns") or 0)
    if not rows or not columns:
        raise CannotDraw("this object has no picture")
    if max(rows, columns) > MOST_SIDE or rows * columns > MOST_PIXELS:
        raise CannotDraw("the picture is too large to be drawn here")
    if int(header.get("NumberOfFrames") or 1) > MOST_FRAMES:
        raise CannotDraw("the object has too many frames to be drawn here")


def _as_bytes(frame: Any, header: Dataset, window: dict[str, Any] | None) -> Any:
    """8 bits a sample: colour as it is, gray through modality LUT, window and polarity."""
    if header.PhotometricInterpretation == "PALETTE COLOR":
        frame = apply_color_lut(frame, header)
    if frame.ndim > _GRAY_AXES:
        bits = frame.dtype.itemsize * 8
        return frame if bits == 8 else (frame >> (bits - 8)).astype(np.uint8)  # noqa: PLR2004
    values = np.asarray(apply_modality_lut(frame, header), dtype=np.float64)
    if window is not None:
        shown = _windowed(values, window)
    elif "WindowCenter" in header or "VOILUTSequence" in header:
        shown = _stretched(np.asarray(apply_voi_lut(apply_modality_lut(frame, header), header)))
    else:
        shown = _stretched(values)
    if header.PhotometricInterpretation == "MONOCHROME1":
        shown = 1.0 - shown
    return (shown * _WHITE + 0.5).astype(np.uint8)


def _windowed(values: Any, window: dict[str, Any]) -> Any:
    """PS3.3 C.11.2.1.2.1 and C.11.2.1.3 as a share of 0 to 1."""
    center, width = window["center"], window["width"]
    if window["function"] == "SIGMOID":
        exponent = np.clip(_SIGMOID_STEEPNESS * (values - center) / width, -700, 700)
        return 1.0 / (1.0 + np.exp(exponent))
    if window["function"] == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if width <= 1:
        return (values > center - 0.5).astype(np.float64)
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)


def _stretched(values: Any) -> Any:
    """From the least to the greatest value."""
    values = np.asarray(values, dtype=np.float64)
    least, most = float(values.min()), float(values.max())
    return (values - least) / (most - least) if most > least else np.zeros_like(values)


if __name__ == "__main__":
    main()
