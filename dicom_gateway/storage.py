"""Objects on disk. File names are ours; a file that has its final name is whole and on the platter.

Order of steps (PS3.4 B.2.3 asks for safe storage before success): write, fsync the file, rename,
fsync the folder. Only then may the index list it.
"""

from __future__ import annotations

import fcntl
import os
import sys
from concurrent.futures import wait
from typing import TYPE_CHECKING, BinaryIO, Final, Self
from uuid import uuid4

from dicom_gateway.crypto import RunningDigest, digest
from dicom_gateway.errors import BlobMissing, DiskNearlyFull, ObjectTooLarge, OutOfResources

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from pathlib import Path
    from types import TracebackType

NO_LIMIT: Final = sys.maxsize
_PIECE_BYTES: Final = 1 << 20


class Arrival:
    """One object on its way to disk. Takes bytes as they come and never raises while it does:
    a full disk or an oversized object is remembered and reported by :meth:`finish`."""

    def __init__(self, path: Path, *, maximum_bytes: int, room: int = NO_LIMIT) -> None:
        self.path = path
        self.head_bytes = 0
        self.size = 0
        self._maximum = maximum_bytes
        self._room = room
        self._syncing: Future[None] | None = None
        self._trouble: OutOfResources | None = None
        self._is_kept = False
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
        self._put(head)
        self.head_bytes = len(head)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next piece of the data set."""
        self._put(data)

    def _put(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        if self.size > self._maximum:
            self._trouble = self._trouble or ObjectTooLarge("object is larger than allowed")
        elif self.size > self._room:
            self._trouble = self._trouble or DiskNearlyFull("disk is down to its reserve")
        if self._trouble is not None:
            return
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._trouble = OutOfResources("object could not be written")

    def finish(self) -> None:
        """Be done with writing.

        Raises:
            OutOfResources: some byte was not written, or the object was too large.
        """
        if self._trouble is not None:
            raise self._trouble

    def begin_sync(self, threads: Executor) -> None:
        """Send the bytes on their way to the platter while the object is looked at."""
        self._syncing = threads.submit(os.fsync, self._descriptor)

    def sync(self) -> None:
        """Return only when the bytes are on the platter.

        Raises:
            OSError: the disk refused.
        """
        if self._syncing is None:
            os.fsync(self._descriptor)
        else:
            self._syncing.result()

    def digest(self) -> bytes:
        """SHA-256 of the data set as the file holds it."""
        running = RunningDigest()
        piece = memoryview(bytearray(min(_PIECE_BYTES, max(1, self.size))))
        at = self.head_bytes
        while count := os.preadv(self._descriptor, [piece], at):
            running.update(piece[:count])
            at += count
        return running.value()

    def fileno(self) -> int:
        """The open file, for mapping and syncing."""
        return self._descriptor

    def discard(self) -> None:
        """Close, and remove the file if it still has its temporary name."""
        if self._syncing is not None:
            wait((self._syncing,))
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if not self._is_kept:
            self.path.unlink(missing_ok=True)

    def rename(self, target: Path) -> None:
        """Give the file its final name; from then on it is not removed with the arrival.

        Raises:
            OSError: the disk refused.
        """
        self.path.rename(target)
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


class BlobStore:
    """The folder of objects: ``incoming/`` for the unfinished, ``objects/`` for the whole."""

    def __init__(self, root: Path, *, reserve_bytes: int = 0) -> None:
        self._root = root
        self._reserve = reserve_bytes
        self._incoming = root / "incoming"
        self._objects = root / "objects"
        self._known: set[Path] = set()

    def prepare(self) -> None:
        """Make the folders and clear what a process that is gone left unfinished."""
        for folder in (self._incoming, self._objects):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._incoming.iterdir():
            if not _is_in_use(leftover):
                leftover.unlink(missing_ok=True)

    def arrival(self, *, maximum_bytes: int) -> Arrival:
        """A place for the next object, unless the disk is down to its reserve.

        The reserve keeps room for the index, so that reading and reporting go on.
        """
        path = self._incoming / f"{uuid4().hex}.part"
        return Arrival(path, maximum_bytes=maximum_bytes, room=self._room())

    def _room(self) -> int:
        """Bytes that may still come in."""
        try:
            state = os.statvfs(self._root)
        except OSError:
            return 0
        return max(0, state.f_bavail * state.f_frsize - self._reserve)

    def keep(self, arrival: Arrival, *, study_instance_uid: str) -> str:
        """Make the arrival durable under a name of ours, in its study's folder.

        Returns:
            the name relative to the folder of objects.

        Raises:
            OutOfResources: the disk refused one of the steps.
        """
        study = digest(study_instance_uid.encode("ascii")).hex()
        name = f"{study[:2]}/{study[:32]}/{uuid4().hex}.dcm"
        target = self._objects / name
        try:
            arrival.sync()
            self._make_folder(target.parent)
            arrival.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise OutOfResources("object could not be made durable") from error
        return name

    def _make_folder(self, folder: Path) -> None:
        if folder in self._known:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for parent in (folder.parent, self._objects):
            sync_folder(parent)
        self._known.add(folder)

    def path(self, name: str) -> Path:
        """Where a kept object lies. ``name`` comes from the index only."""
        return self._objects / name

    def open(self, name: str) -> BinaryIO:
        """A kept object, for reading.

        Raises:
            BlobMissing: the file is gone.
        """
        try:
            return self.path(name).open("rb")
        except OSError as error:
            raise BlobMissing("stored object is not there") from error

    def names(self) -> set[str]:
        """Every kept file, listed or not."""
        return {str(path.relative_to(self._objects)) for path in self._objects.rglob("*.dcm")}

    def remove(self, name: str) -> None:
        """Forget a kept object that the index does not list."""
        self.path(name).unlink(missing_ok=True)


def _is_in_use(path: Path) -> bool:
    """Whether a living process holds the arrival: its lock ends with it."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def sync_folder(folder: Path) -> None:
    """Make renames and new names inside the folder survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_span(path: Path, offset: int, length: int) -> bytes:
    """Exactly ``length`` bytes of a stored file from ``offset``.

    Raises:
        BlobMissing: the file is gone or shorter than the index says.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BlobMissing("stored object is not there") from error
    try:
        data = os.pread(descriptor, length, offset)
    finally:
        os.close(descriptor)
    if len(data) != length:
        raise BlobMissing("stored object is too short")
    return data
