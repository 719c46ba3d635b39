"""Objects on disk. File names are ours; a file that has its final name is whole and on the platter.

Order of steps (PS3.4 B.2.3 asks for safe storage before success): write, fsync the file, rename,
fsync the folder. Only then may the index list it. A name tells the content and is never used again:
``study/digest-arrival.dcm``.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

from dicom_gateway import page_cache
from dicom_gateway.arrival import Arrival
from dicom_gateway.crypto import RunningDigest, digest
from dicom_gateway.errors import BlobMissing, OutOfResources
from dicom_gateway.part10 import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_BYTES: Final = 256 * 1024
BARE: Final = (b"", b"")
_MOST_FOLDER_TRIES: Final = 5
_ARRIVAL_DIGITS: Final = 12
_DIGEST_DIGITS: Final = 64


class BlobStore:
    """The folder of objects: ``incoming/`` for the unfinished, ``objects/`` for the whole."""

    def __init__(self, root: Path, *, reserve_bytes: int = 0) -> None:
        self._root = root
        self._reserve = reserve_bytes
        self._incoming = root / "incoming"
        self._objects = root / "objects"
        self._known: set[str] = set()

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
        path = f"{self._incoming}/{uuid4().hex}.part"
        return Arrival(path, maximum_bytes=maximum_bytes, room=self._room())

    def _room(self) -> int:
        """Bytes that may still come in."""
        try:
            state = os.statvfs(self._root)
        except OSError:
            return 0
        return max(0, state.f_bavail * state.f_frsize - self._reserve)

    def keep(self, arrival: Arrival, *, study_instance_uid: str, sha256: bytes) -> str:
        """Make the arrival durable under a name of ours, in its study's folder.

        Returns:
            the name relative to the folder of objects.

        Raises:
            OutOfResources: the disk refused one of the steps.
        """
        study = digest(study_instance_uid.encode("ascii")).hex()
        place = f"{study[:2]}/{study[:32]}"
        name = f"{sha256.hex()}-{uuid4().hex[:_ARRIVAL_DIGITS]}.dcm"
        folder = f"{self._objects}/{place}"
        try:
            arrival.sync()
            page_cache.keep_head_only(arrival.fileno())
            self._move(arrival, folder, name)
            sync_folder(folder)
        except OSError as error:
            raise OutOfResources("object could not be made durable") from error
        return f"{place}/{name}"

    def _move(self, arrival: Arrival, folder: str, name: str) -> None:
        """Rename into the study's folder, which may be taken away while it is empty."""
        for _ in range(_MOST_FOLDER_TRIES):
            self._make_folder(folder)
            try:
                arrival.rename(f"{folder}/{name}")
            except FileNotFoundError:
                self._known.discard(folder)
            else:
                return
        raise FileNotFoundError(folder)

    def _make_folder(self, folder: str) -> None:
        if folder in self._known:
            return
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        for parent in (path.parent, self._objects):
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

    def span(
        self, name: str, offset: int, length: int, around: tuple[bytes, bytes] = BARE
    ) -> bytes:
        """Exactly ``length`` bytes from ``offset``, between the two texts of ``around``.

        Raises:
            BlobMissing: the object is gone or shorter than the index says.
        """
        return read_span(f"{self._objects}/{name}", offset, length, around)

    def pieces(self, name: str, offset: int, length: int, before: bytes = b"") -> Iterator[bytes]:
        """The same in pieces of about 256 KiB; fails when the first is asked for, or later."""
        return read_pieces(f"{self._objects}/{name}", offset, length, before)

    def size(self, name: str) -> int:
        """Bytes of a kept object.

        Raises:
            BlobMissing: the file is gone.
        """
        try:
            return self.path(name).stat().st_size
        except OSError as error:
            raise BlobMissing("stored object is not there") from error

    def original(self, name: str) -> Iterator[bytes]:
        """The whole of the copy that counts, in pieces: what scrub and backup read."""
        return read_pieces(self.path(name), 0, self.size(name))

    def is_near(self, name: str) -> bool:
        """Whether reading it costs no way over the network."""
        return True

    def cached(self) -> frozenset[tuple[str, int]]:
        """Copies of what lies elsewhere: none."""
        return frozenset()

    def is_only_here(self, name: str) -> bool:
        """Whether the object is nowhere but on this disk. A folder has nothing behind it."""
        return True

    def drop_unsound(self, name: str) -> bool:
        """Drop a copy kept for speed that is not what its name tells. A folder has none."""
        return False

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


def sync_folder(folder: str | Path) -> None:
    """Make renames and new names inside the folder survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_span(
    path: str | Path, offset: int, length: int, around: tuple[bytes, bytes] = BARE
) -> bytes:
    """Exactly ``length`` bytes of a stored file from ``offset``, between ``around``.

    Raises:
        BlobMissing: the file is gone or shorter than the index says.
    """
    with _reading(path) as descriptor:
        return _read_between(descriptor, offset, length, around)


def read_pieces(path: str | Path, offset: int, length: int, before: bytes = b"") -> Iterator[bytes]:
    """``before`` and a span of a stored file, in pieces.

    Raises:
        BlobMissing: the file is gone or too short; the connection must break then.
    """
    with _reading(path) as descriptor:
        end = offset + length
        while offset < end:
            size = min(PIECE_BYTES, end - offset)
            yield _read_between(descriptor, offset, size, (before, b""))
            offset, before = offset + size, b""
    if before:
        yield before


@contextmanager
def _reading(path: str | Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BlobMissing("stored object is not there") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_between(descriptor: int, offset: int, length: int, around: tuple[bytes, bytes]) -> bytes:
    """The bytes read once into their place: a copy of a frame costs as much as reading it."""
    before, after = around
    if not before and not after:
        data = os.pread(descriptor, length, offset)
        got = len(data)
    else:
        buffer, end = BytesIO(), len(before) + length
        buffer.seek(end + len(after) - 1)
        buffer.write(b"\0")
        with buffer.getbuffer() as view:
            view[: len(before)], view[end:] = before, after
            got = os.preadv(descriptor, [view[len(before) : end]], offset)
        data = buffer.getvalue()
    if got != length:
        raise BlobMissing("stored object is too short")
    return data


def digest_in(name: str) -> str:
    """SHA-256 of the data set in hex, as the name tells it; empty where an older name does not."""
    told = name.rpartition("/")[2].partition("-")[0]
    return told if len(told) == _DIGEST_DIGITS else ""


def data_set_digest(pieces: Iterator[bytes]) -> bytes:
    """SHA-256 of the data set of a stored file, in constant memory.

    Raises:
        NotDicom: the file has no head of ours; and whatever reading the pieces raises.
    """
    running, first = RunningDigest(), next(pieces, b"")
    running.update(memoryview(first)[read_head(first).end :])
    for piece in pieces:
        running.update(piece)
    return running.value()
