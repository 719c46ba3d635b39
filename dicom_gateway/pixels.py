"""Stored values of one frame, decoded; for the process that may die (``render_child``).

pydicom decodes native frames, RLE, JPEG baseline and JPEG 2000; the optional ``imagecodecs``
decodes JPEG-LS, lossless JPEG and HTJ2K.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array

JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
_JPEG_LOSSLESS: Final = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_HTJ2K: Final = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
_DECODERS: Final = {
    **dict.fromkeys((JPEG_LS, "1.2.840.10008.1.2.4.81"), "jpegls_decode"),
    **dict.fromkeys(_JPEG_LOSSLESS, "jpegsof3_decode"),
    **dict.fromkeys(_HTJ2K, "htj2k_decode"),
}
_BYTE: Final = 8
_CONTAINERS: Final = (8, 16)


class NotDecoded(ValueError):
    """These pixels cannot be given as values; holds nothing of the object."""


def frame_values(path: str, header: Dataset, index: int) -> Any:
    """The values of frame ``index`` (from 0) as (rows, columns[, samples]).

    Raises:
        NotDecoded: the library is missing, or the stream is of another size than the header says.
        Exception: decoders raise whatever they like.
    """
    name = _DECODERS.get(str(header.file_meta.TransferSyntaxUID))
    if name is None:
        return pixel_array(path, index=index)
    decode = getattr(_library(), name)
    stored = dcmread(path)
    count = int(header.get("NumberOfFrames") or 1)
    stream = get_frame(
        stored.PixelData,
        index,
        number_of_frames=count,
        extended_offsets=_extended_offsets(stored),
    )
    values = np.asarray(decode(stream))
    samples = int(header.SamplesPerPixel)
    wanted = (int(header.Rows), int(header.Columns)) + ((samples,) if samples > 1 else ())
    if values.shape != wanted:
        raise NotDecoded("the frame is of another size than its header says")
    return _as_stored(values, header)


def native_bytes(path: str, header: Dataset, index: int) -> bytes:
    """A grey frame as Explicit VR Little Endian holds it (PS3.5 §8.1.1, A.2).

    Raises:
        NotDecoded: colour, or another container than 8 or 16 bits.
    """
    container = _grey_container(header)
    values = frame_values(path, header, index)
    if values.shape != (int(header.Rows), int(header.Columns)):
        raise NotDecoded("the frame is of another size than its header says")
    return bytes(values.astype(container, copy=False).tobytes())


def jpeg_ls_bytes(path: str, header: Dataset, index: int) -> bytes:
    """A native grey frame as lossless JPEG-LS (PS3.5 A.4.3), read back before it is believed.

    JPEG-LS knows no sign: signed values travel in the full width of their container.

    Raises:
        NotDecoded: no library, colour, or the stream does not read back bit for bit.
    """
    library = _library()
    _grey_container(header)
    size = int(header.Rows) * int(header.Columns) * int(header.BitsAllocated) // _BYTE
    native = dcmread(path).PixelData[index * size : (index + 1) * size]
    if len(native) != size:
        raise NotDecoded("the frame is of another size than its header says")
    unsigned = f"<u{int(header.BitsAllocated) // _BYTE}"
    values = np.frombuffer(native, unsigned).reshape(int(header.Rows), int(header.Columns))
    stream = bytes(library.jpegls_encode(values))
    if not np.array_equal(library.jpegls_decode(stream), values):
        raise NotDecoded("the frame does not read back from JPEG-LS")
    return stream


def _grey_container(header: Dataset) -> str:
    bits = int(header.BitsAllocated)
    if int(header.SamplesPerPixel) != 1 or bits not in _CONTAINERS:
        raise NotDecoded("only grey frames of 8 or 16 bits are recoded")
    return f"<{'i' if int(header.PixelRepresentation) else 'u'}{bits // _BYTE}"


def _as_stored(values: Any, header: Dataset) -> Any:
    """In the container the header names; a codec without signs gives the sign bit as a value."""
    bits = int(header.BitsAllocated)
    signed = bool(int(header.PixelRepresentation))
    if not signed or values.dtype.kind == "i":
        return values.astype(f"<{'i' if signed else 'u'}{bits // _BYTE}", copy=False)
    shift = bits - int(header.BitsStored)
    wide = values.astype(f"<u{bits // _BYTE}") << shift
    return wide.view(f"<i{bits // _BYTE}") >> shift


def _extended_offsets(stored: Dataset) -> tuple[bytes, bytes] | None:
    if "ExtendedOffsetTable" not in stored:
        return None
    return stored.ExtendedOffsetTable, stored.ExtendedOffsetTableLengths


def _library() -> Any:
    try:
        return importlib.import_module("imagecodecs")
    except ImportError as error:
        raise NotDecoded("this encoding needs the extra htj2k of the gateway") from error
