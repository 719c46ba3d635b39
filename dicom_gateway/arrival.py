"""One object on its way to disk: written and bounded as its bytes come."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from dicom_gateway import page_cache
from dicom_gateway.crypto import RunningDigest
from dicom_gateway.errors import DiskNearlyFull, ObjectTooLarge, OutOfResources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

NO_LIMIT: Final = sys.maxsize
MOST_PIECES: Final = 64
_EARLY_BYTES: Final = 256 * 1024
"""What the disk is given to write while the rest still comes."""


class Arrival:
    """One object on its way to disk. Takes bytes as they come and never raises while it does:
    a full disk or an oversized object is remembered and reported by :meth:`finish`."""

    def __init__(self, path: str | Path, *, maximum_bytes: int, room: int = NO_LIMIT) -> None:
        self.path = path
        self.head_bytes = 0
        self.size = 0
        self._maximum = maximum_bytes
        self._room = room
        self._trouble: OutOfResources | None = None
        self._is_kept = False
        self._begun = 0
        self._digest = RunningDigest()
        self._descriptor = -1
        try:
            self._descriptor = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._trouble = OutOfResources("no file can be made for the object")

    def begin(self, head: bytes) -> None:
        """Write the file head. Only what follows counts for the digest."""
        self._put((head,))
        self.head_bytes = len(head)

    def write(self, *pieces: bytes | memoryview) -> None:
        """Take what comes next of the data set, in up to ``MOST_PIECES``; it is hashed while the
        sender prepares the rest."""
        self._put(pieces)
        if self._trouble is None:
            for piece in pieces:
                self._digest.update(piece)

    def _put(self, pieces: Sequence[bytes | memoryview]) -> None:
        self.size += sum(map(len, pieces))
        self._trouble = self._trouble or self._too_much()
        if self._trouble is not None:
            return
        try:
            _write_all(self._descriptor, pieces)
        except OSError:
            self._trouble = OutOfResources("object could not be written")
        else:
            if self.size - self._begun >= _EARLY_BYTES:
                self._begin_writeback()

    def _too_much(self) -> OutOfResources | None:
        if self.size > self._maximum:
            return ObjectTooLarge("object is larger than allowed")
        if self.size > self._room:
            return DiskNearlyFull("disk is down to its reserve")
        return None

    def _begin_writeback(self) -> None:
        page_cache.begin_writing(self._descriptor, self._begun, self.size - self._begun)
        self._begun = self.size

    def finish(self) -> None:
        """Be done with writing.

        Raises:
            OutOfResources: some byte was not written, or the object was too large.
        """
        if self._trouble is not None:
            raise self._trouble
        self._begin_writeback()

    def sync(self) -> None:
        """Return only when the bytes are on the platter.

        Raises:
            OSError: the disk refused.
        """
        os.fsync(self._descriptor)

    def digest(self) -> bytes:
        """SHA-256 of the data set: of everything behind the head."""
        return self._digest.value()

    def fileno(self) -> int:
        """The open file, for mapping and syncing."""
        return self._descriptor

    def discard(self) -> None:
        """Close, and remove the file if it still has its temporary name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if not self._is_kept:
            Path(self.path).unlink(missing_ok=True)

    def rename(self, target: str | Path) -> None:
        """Give the file its final name; from then on it is not removed with the arrival.

        Raises:
            OSError: the disk refused.
        """
        os.rename(self.path, target)  # noqa: PTH104 - plain text is quicker, for every object
        self._is_kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


def _write_all(descriptor: int, pieces: Sequence[bytes | memoryview]) -> None:
    """One call where the disk takes all at once, as it does but at its limits."""
    written = os.writev(descriptor, pieces)
    if written < sum(map(len, pieces)):
        rest = memoryview(b"".join(pieces))[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]
