"""Where objects lie, as everything else of the gateway sees it.

``storage.BlobStore`` keeps them in a folder, ``tiered.TieredStore`` in a bucket behind that folder.
Names come from the index only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dicom_gateway.arrival import Arrival


class Blobs(Protocol):
    """Kept objects. Every reading method raises ``BlobMissing`` for what is not there or too short,
    and ``BlobUnreachable`` when it cannot be fetched now."""

    def prepare(self) -> None:
        """Make the folders and clear what a process that is gone left unfinished."""

    def arrival(self, *, maximum_bytes: int) -> Arrival:
        """A place on this machine's disk for the next object."""

    def keep(self, arrival: Arrival, *, study_instance_uid: str, sha256: bytes) -> str:
        """Make the arrival durable; returns its name. Raises OutOfResources."""

    def path(self, name: str) -> Path:
        """A file of this machine that holds the whole object, for some minutes at least."""

    def open(self, name: str) -> BinaryIO:
        """The same file, open for reading."""

    def span(
        self, name: str, offset: int, length: int, around: tuple[bytes, bytes] = (b"", b"")
    ) -> bytes:
        """Exactly ``length`` bytes from ``offset``, between the two texts of ``around``."""

    def pieces(self, name: str, offset: int, length: int, before: bytes = b"") -> Iterator[bytes]:
        """``before`` and the same, about 1 MiB at once however slow the reader; fails while it is
        read."""

    def size(self, name: str) -> int:
        """Bytes of the whole."""

    def original(self, name: str) -> Iterator[bytes]:
        """The whole of the copy that counts, never one that is only kept for speed."""

    def is_near(self, name: str) -> bool:
        """Whether a whole copy lies on this machine."""

    def cached(self) -> frozenset[tuple[str, int]]:
        """Copies kept for speed: names, each with a number that is another after a return."""

    def is_only_here(self, name: str) -> bool:
        """Whether no bucket is known to hold it."""

    def drop_unsound(self, name: str) -> bool:
        """Drop a copy kept for speed that is not what its name tells; whether there was one."""

    def names(self) -> set[str]:
        """Everything kept, listed or not."""

    def remove(self, name: str) -> None:
        """Forget an object that the index does not list."""
