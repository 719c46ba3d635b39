"""multipart/related bodies (RFC 2387; PS3.18 §8.6.1.2), made piece by piece from stored files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicom_gateway.blobs import Blobs


@dataclass(frozen=True)
class Part:
    """A span of a stored object as a part: content type and bytes ``[offset, offset + length)``."""

    content_type: str
    store: Blobs
    file_name: str
    offset: int
    length: int

    def pieces(self, before: bytes = b"") -> Iterator[bytes]:
        """Its bytes behind ``before``.

        Raises:
            BlobMissing, BlobUnreachable: it cannot be read; the connection must break then.
        """
        return self.store.pieces(self.file_name, self.offset, self.length, before)


class Volume(NamedTuple):
    """How many parts of one content type there are, and their bytes together."""

    content_type: str
    parts: int
    size: int


def volumes_of(parts: list[Part]) -> list[Volume]:
    """One for each part."""
    return [Volume(part.content_type, 1, part.length) for part in parts]


class Multipart:
    """A whole body whose length is known before its first byte is read."""

    def __init__(self, kind: str, parts: Iterable[Part], volumes: Iterable[Volume]) -> None:
        """``parts`` are taken one by one while they are sent; ``volumes`` tell of all before."""
        self._boundary = uuid4().hex
        self._parts = parts
        self._volumes = tuple(volumes)
        self.content_type = f'multipart/related; type="{kind}"; boundary={self._boundary}'

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        heads = sum((len(self._head(kind)) + 2) * count for kind, count, _ in self._volumes)
        return heads + sum(size for _, _, size in self._volumes) + len(self._tail())

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces of at most 1 MiB; memory stays flat however large the study."""
        end = b""
        for part in self._parts:
            yield from part.pieces(end + self._head(part.content_type))
            end = b"\r\n"
        yield end + self._tail()

    def _head(self, content_type: str) -> bytes:
        text = f"--{self._boundary}\r\nContent-Type: {content_type}\r\n\r\n"
        return text.encode("ascii")

    def _tail(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode("ascii")
