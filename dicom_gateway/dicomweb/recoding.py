"""Frames in another lossless encoding than the stored one, for clients that take nothing else.

Only when nothing stored can meet the Accept header: compressed without loss → Explicit VR Little
Endian, uncompressed → lossless JPEG-LS (PS3.18 §8.7.3). Grey frames only, in the process that may
die. What was compressed with loss is never recoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dicom_gateway import syntax
from dicom_gateway.dicomweb import accept

JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_TYPE: Final = "image/jls"
_LOSSLESS: Final = frozenset(
    {
        syntax.RLE_LOSSLESS,
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        JPEG_LS,
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        syntax.EXPLICIT_VR_BIG_ENDIAN,
    }
)
_PACKABLE: Final = frozenset({syntax.IMPLICIT_VR_LITTLE_ENDIAN, syntax.EXPLICIT_VR_LITTLE_ENDIAN})


@dataclass(frozen=True)
class Recoding:
    """How frames go out, and the transfer syntax they are recoded to."""

    form: accept.Representation
    target: str


def recoding(header: str, stored: str, *, single: bool) -> Recoding | None:
    """The first entry of the Accept header that recoding from ``stored`` can meet."""
    for one in accept.parse(header):
        if not one.multipart and not single:
            continue
        named = one.transfer_syntax
        if (
            stored in _LOSSLESS
            and one.kind == accept.OCTETS
            and named in {"", syntax.EXPLICIT_VR_LITTLE_ENDIAN}
        ):
            form = accept.Representation(accept.OCTETS, multipart=one.multipart)
            return Recoding(form, syntax.EXPLICIT_VR_LITTLE_ENDIAN)
        if stored in _PACKABLE and one.kind == JPEG_LS_TYPE and named in {"", "*", JPEG_LS}:
            return Recoding(accept.Representation(JPEG_LS_TYPE, multipart=one.multipart), JPEG_LS)
    return None
