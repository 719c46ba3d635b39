"""multipart/related bodies (RFC 2387; PS3.18 §8.6.1.2), made piece by piece from stored files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from dicom_gateway.errors import BlobMissing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class Part:
    """One file span as a part: content type and the bytes ``[offset, offset + length)``."""

    content_type: str
    path: Path
    offset: int
    length: int


class Multipart:
    """A whole body whose length is known before its first byte is read."""

    def __init__(self, kind: str, parts: list[Part]) -> None:
        self._boundary = uuid4().hex
        self._parts = parts
        self.content_type = f'multipart/related; type="{kind}"; boundary={self._boundary}'

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        parts = sum(len(self._head(part)) + part.length + 2 for part in self._parts)
        return parts + len(self._tail())

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces of at most 256 KiB; memory stays flat however large the study."""
        for part in self._parts:
            yield self._head(part)
            yield from read_pieces(part)
            yield b"\r\n"
        yield self._tail()

    def _head(self, part: Part) -> bytes:
        text = f"--{self._boundary}\r\nContent-Type: {part.content_type}\r\n\r\n"
        return text.encode("ascii")

    def _tail(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode("ascii")


def read_pieces(part: Part) -> Iterator[bytes]:
    """The span of one part in pieces.

    Raises:
        BlobMissing: the file is gone or too short; the connection must break then.
    """
    try:
        descriptor = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BlobMissing("stored object is not there") from error
    try:
        offset, end = part.offset, part.offset + part.length
        while offset < end:
            piece = os.pread(descriptor, min(PIECE_BYTES, end - offset), offset)
            if not piece:
                raise BlobMissing("stored object is too short")
            offset += len(piece)
            yield piece
    finally:
        os.close(descriptor)
