"""Transfer syntaxes: what the gateway must know of each to hand objects out as they came."""

from __future__ import annotations

import zlib
from typing import Final

from dicom_gateway.errors import NotDicom
from dicom_gateway.scan import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Encoding,
)

IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"
_JPEG_FAMILY: Final = "1.2.840.10008.1.2.4."

NATIVE: Final = frozenset(
    {
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
    }
)
_VIDEO: Final = frozenset({"100", "101", "102", "103", "104", "105", "106", "107", "108"})
MAXIMUM_INFLATED_BYTES: Final = 64 * 1024**2

# PS3.18 Table 8.7.3-5: media type of a compressed frame.
_MEDIA_TYPES: Final = {
    "50": "image/jpeg",
    "51": "image/jpeg",
    "57": "image/jpeg",
    "70": "image/jpeg",
    "80": "image/jls",
    "81": "image/jls",
    "90": "image/jp2",
    "91": "image/jp2",
    "92": "image/jpx",
    "93": "image/jpx",
    "201": "image/jphc",
    "202": "image/jphc",
    "203": "image/jphc",
    "110": "image/jxl",
    "111": "image/jxl",
    "112": "image/jxl",
}


def encoding_of(syntax: str) -> Encoding:
    """How the elements of a data set in this transfer syntax are written (PS3.5 Annex A)."""
    if syntax == IMPLICIT_VR_LITTLE_ENDIAN:
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if syntax == EXPLICIT_VR_BIG_ENDIAN else EXPLICIT_LITTLE


def is_native(syntax: str) -> bool:
    """Whether pixel data stands uncompressed, frame after frame."""
    return syntax in NATIVE


def is_video(syntax: str) -> bool:
    """MPEG-2, H.264, H.265: one stream, not separable frames (…4.100 to …4.108)."""
    tail = syntax.removeprefix(_JPEG_FAMILY).split(".", maxsplit=1)[0]
    return syntax.startswith(_JPEG_FAMILY) and tail in _VIDEO


def frame_media_type(syntax: str) -> str:
    """Media type of one frame as stored: image/… when compressed, octets when not."""
    if syntax == RLE_LOSSLESS:
        return "image/dicom-rle"
    tail = syntax.removeprefix(_JPEG_FAMILY)
    return _MEDIA_TYPES.get(tail, "application/octet-stream")


def frame_syntax(syntax: str) -> str:
    """Syntax to name beside a frame: implicit and deflated pixels read as explicit ones."""
    if syntax in {IMPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN}:
        return EXPLICIT_VR_LITTLE_ENDIAN
    return syntax


def inflate(deflated: bytes) -> bytes:
    """The data set inside a deflated one (PS3.5 A.5), at most 64 MiB.

    Raises:
        NotDicom: not a deflate stream, cut short, or a bomb.
    """
    machine = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        data = machine.decompress(deflated, MAXIMUM_INFLATED_BYTES)
    except zlib.error as error:
        raise NotDicom("deflated data set cannot be inflated") from error
    if not machine.eof:
        raise NotDicom("deflated data set is cut short or too large")
    return data
