"""A second representation of native frames: HTJ2K, lossless, for thin lines.

Made once in the background, long after the object as received is durable; that one stays as it is
and remains the original. A representation is derived data: it may be deleted at any time, and a
damaged one counts as none. What came compressed is never recoded.
"""

from __future__ import annotations

import importlib
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dicom_gateway import syntax
from dicom_gateway.dicomweb import accept

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    from dicom_gateway.dicomweb.accept import Representation

HTJ2K: Final = "1.2.840.10008.1.2.4.201"
MEDIA_TYPE: Final = "image/jphc"
RECODABLE: Final = frozenset({syntax.IMPLICIT_VR_LITTLE_ENDIAN, syntax.EXPLICIT_VR_LITTLE_ENDIAN})
_MAGIC: Final = b"TSJ1"
_COUNT: Final = struct.Struct("<4sI")
_PLACE: Final = struct.Struct("<QQ")
_DTYPES: Final = {(8, 0): "<u1", (16, 0): "<u2", (16, 1): "<i2"}


@dataclass(frozen=True)
class Shape:
    """One frame of grey values: what HTJ2K keeps exactly."""

    rows: int
    columns: int
    dtype: str

    @classmethod
    def of(cls, header: dict[str, Any]) -> Shape | None:
        """From DICOM JSON; ``None`` when the frames are not plain grey values."""
        try:
            rows, columns, bits, sign, samples = (
                int(header[tag]["Value"][0])
                for tag in ("00280010", "00280011", "00280100", "00280103", "00280002")
            )
        except (KeyError, IndexError, ValueError, TypeError):
            return None
        dtype = _DTYPES.get((bits, sign))
        return cls(rows, columns, dtype) if dtype and samples == 1 and rows and columns else None

    @property
    def size(self) -> int:
        """Bytes of one native frame."""
        return self.rows * self.columns * np.dtype(self.dtype).itemsize


def codec() -> Any | None:
    """The optional library that writes HTJ2K; without it frames go out as stored."""
    try:
        return importlib.import_module("imagecodecs")
    except ImportError:
        return None


def encode(library: Any, frame: bytes, shape: Shape) -> bytes | None:
    """The frame as an HTJ2K code stream; ``None`` unless it reads back bit for bit."""
    if len(frame) != shape.size:
        return None
    pixels = np.frombuffer(frame, shape.dtype).reshape(shape.rows, shape.columns)
    stream = bytes(library.htj2k_encode(pixels, reversible=True))
    return stream if np.array_equal(library.htj2k_decode(stream), pixels) else None


class Representations:
    """The folder of them, one file an object, named as the object's own file.

    With ``marks_use`` the time of a file tells when it was last read, so that others may go first.
    """

    def __init__(self, folder: Path, *, marks_use: bool = False) -> None:
        self.folder = folder
        self._marks_use = marks_use

    def _path(self, file_name: str) -> Path:
        return self.folder / f"{file_name}.jph"

    def has(self, file_name: str) -> bool:
        """Whether one was made."""
        return self._path(file_name).exists()

    def keep(self, file_name: str, streams: Iterable[bytes], count: int) -> None:
        """Write the streams of all frames, one after the other; all or nothing.

        Raises:
            OSError: the disk refused.
        """
        path = self._path(file_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        places, offset = [], _COUNT.size + count * _PLACE.size
        with draft.open("wb") as file:
            file.seek(offset)
            for stream in streams:
                file.write(stream)
                places.append((offset, len(stream)))
                offset += len(stream)
            file.seek(0)
            file.write(_COUNT.pack(_MAGIC, count) + b"".join(_PLACE.pack(*one) for one in places))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)

    def remove(self, file_name: str) -> None:
        """Forget one: its object is gone."""
        self._path(file_name).unlink(missing_ok=True)

    def keep_only(self, file_names: Container[str]) -> int:
        """Forget every one whose object is not among these. Returns how many went."""
        gone = 0
        for path in self.folder.rglob("*.jph"):
            if str(path.relative_to(self.folder)).removesuffix(".jph") not in file_names:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def frames(self, file_name: str, numbers: list[int]) -> list[bytes] | None:
        """Code streams of these frames, counted from 1; ``None`` when there are none whole."""
        try:
            descriptor = os.open(self._path(file_name), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if self._marks_use:
                os.utime(descriptor)
            found = [_frame(descriptor, number) for number in numbers]
        finally:
            os.close(descriptor)
        return None if None in found else [one for one in found if one is not None]


def _frame(descriptor: int, number: int) -> bytes | None:
    head = os.pread(descriptor, _COUNT.size, 0)
    if len(head) != _COUNT.size:
        return None
    magic, count = _COUNT.unpack(head)
    if magic != _MAGIC or not 1 <= number <= count:
        return None
    place = os.pread(descriptor, _PLACE.size, _COUNT.size + (number - 1) * _PLACE.size)
    if len(place) != _PLACE.size:
        return None
    offset, length = _PLACE.unpack(place)
    stream = os.pread(descriptor, length, offset) if length < os.fstat(descriptor).st_size else b""
    return stream if length and len(stream) == length else None


def wanted(header: str, *, single: bool) -> Representation | None:
    """How HTJ2K would go out, when the Accept header names it before it names the stored form."""
    for one in accept.parse(header):
        named = one.kind == MEDIA_TYPE and one.transfer_syntax in {"", "*", HTJ2K}
        if not named and one.transfer_syntax != HTJ2K:
            continue
        if one.multipart or single:
            return accept.Representation(MEDIA_TYPE, multipart=one.multipart)
    return None
