"""Objects in a bucket, with this machine's disk in front of it.

What arrives is durable in the folder of objects before it is acknowledged, exactly as without a
bucket; ``carrier`` uploads it behind. A file that the bucket has confirmed has a second name below
``cache/``; the first goes soon after, the second when room is needed. So the file system alone
tells what still has to be uploaded. What is to be forgotten in the bucket has an empty file below
``leaving/`` until it is.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

from typing_extensions import override

from dicom_gateway import clock
from dicom_gateway.arrival import NO_LIMIT, Arrival
from dicom_gateway.backlog import CACHE, SPOOL, files_below, is_confirmed
from dicom_gateway.errors import BlobDamaged, BlobMissing, BlobUnreachable, NotDicom, OutOfResources
from dicom_gateway.part10 import read_head
from dicom_gateway.storage import (
    BARE,
    BlobStore,
    data_set_digest,
    digest_in,
    read_pieces,
    read_span,
    sync_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicom_gateway.bucket import Bucket

AREA: Final = "objects/"
FETCHED_WHOLE_BYTES: Final = 16 * 1024**2
"""Larger objects are read from the bucket by range unless the whole is needed."""
HANDED_OUT_SECONDS: Final = 300.0
"""How long a path that was handed out stays at least: twice this old may go."""
_LARGE_REMEMBERED: Final = 1000
_LOCKS: Final = 64
_MOST_FOLDER_TRIES: Final = 5


class TieredStore(BlobStore):
    """The folder of objects, the cache beside it, and the bucket behind both."""

    def __init__(self, root: Path, bucket: Bucket, *, reserve_bytes: int = 0) -> None:
        super().__init__(root, reserve_bytes=reserve_bytes)
        self.bucket = bucket
        self.var, self.leaving = root, root / "leaving"
        self.spool, self.cache = root / SPOOL, root / CACHE
        self._large: OrderedDict[str, int] = OrderedDict()
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    @override
    def prepare(self) -> None:
        super().prepare()
        for folder in (self.cache, self.leaving):
            folder.mkdir(parents=True, exist_ok=True)

    @override
    def path(self, name: str) -> Path:
        """A whole file of this machine, fetched if need be; it stays for some minutes.

        Raises:
            BlobMissing, BlobDamaged, BlobUnreachable.
        """
        found = self._local(name, NO_LIMIT)
        if found is None:
            raise BlobMissing("stored object is not in the bucket")
        return found

    @override
    def open(self, name: str) -> BinaryIO:
        try:
            return self.path(name).open("rb")
        except OSError as error:
            raise BlobMissing("stored object is not there") from error

    @override
    def span(
        self, name: str, offset: int, length: int, around: tuple[bytes, bytes] = BARE
    ) -> bytes:
        found = self._local(name, FETCHED_WHOLE_BYTES)
        if found is None:
            before, after = around
            return before + self.bucket.span(AREA + name, offset, length) + after
        return read_span(found, offset, length, around)

    @override
    def pieces(self, name: str, offset: int, length: int, before: bytes = b"") -> Iterator[bytes]:
        found = self._local(name, FETCHED_WHOLE_BYTES)
        if found is None:
            first = (before,) if before else ()
            return chain(first, self.bucket.pieces(AREA + name, offset, length))
        return read_pieces(found, offset, length, before)

    @override
    def size(self, name: str) -> int:
        found = self._here(name)
        return found.stat().st_size if found is not None else self.bucket.size(AREA + name)

    @override
    def original(self, name: str) -> Iterator[bytes]:
        """What is not confirmed yet from this disk, everything else from the bucket."""
        if self.is_only_here(name):
            yield from read_pieces(self.spool / name, 0, self.size(name))
            return
        with self.bucket.reading(AREA + name, NO_LIMIT) as (_, pieces):
            yield from pieces

    @override
    def is_only_here(self, name: str) -> bool:
        path = self.spool / name
        try:
            return not is_confirmed(self.var, path, path.stat())
        except OSError:
            return False

    @override
    def is_near(self, name: str) -> bool:
        return self._here(name) is not None

    @override
    def cached(self) -> frozenset[tuple[str, int]]:
        found = files_below(self.cache)
        return frozenset((str(path.relative_to(self.cache)), at.st_ino) for path, at in found)

    @override
    def drop_unsound(self, name: str) -> bool:
        cached, told = self.cache / name, digest_in(name)
        try:
            pieces = read_pieces(cached, 0, cached.stat().st_size)
            if not told or data_set_digest(pieces).hex() == told:
                return False
        except NotDicom:
            pass
        except (OSError, BlobMissing):
            return False
        cached.unlink(missing_ok=True)
        return True

    @override
    def names(self) -> set[str]:
        here = {
            str(path.relative_to(folder))
            for folder in (self.spool, self.cache)
            for path in folder.rglob("*.dcm")
        }
        there = {one.removeprefix(AREA) for one in self.bucket.names(AREA)}
        leaving = {str(path.relative_to(self.leaving)) for path in self.leaving.rglob("*.dcm")}
        return (here | there) - leaving

    @override
    def remove(self, name: str) -> None:
        """Forget here at once, in the bucket as soon as it answers."""
        mark = self.leaving / name
        _put(mark, Path.touch)
        with suppress(FileNotFoundError):  # carried out already
            for folder in (mark.parent, mark.parent.parent, self.leaving):
                sync_folder(folder)
        for folder in (self.spool, self.cache):
            (folder / name).unlink(missing_ok=True)

    def _here(self, name: str) -> Path | None:
        """A whole copy on this disk. One in the cache counts as used now."""
        cached = self.cache / name
        with suppress(OSError):
            age = clock.now().timestamp() - cached.stat().st_mtime
            if age > HANDED_OUT_SECONDS:
                os.utime(cached)
            return cached
        spooled = self.spool / name
        return spooled if spooled.exists() else None

    def _local(self, name: str, most: int) -> Path | None:
        """A copy on this disk, fetched when it is not larger than ``most`` bytes."""
        found = self._here(name)
        if found is not None:
            return found
        if self._large.get(name, 0) > most:
            return None
        with self._locks[hash(name) % _LOCKS]:
            return self._here(name) or self._fetch(name, most)

    def _fetch(self, name: str, most: int) -> Path | None:
        with self.bucket.reading(AREA + name, most) as (total, pieces):
            if total > most:
                self._remember_large(name, total)
                return None
            try:
                return self._take(name, total, pieces)
            except (OutOfResources, OSError) as error:
                raise BlobUnreachable("no room on this machine to fetch the object") from error
            except NotDicom as error:
                raise BlobDamaged("the bucket holds other bytes than were stored") from error

    def _take(self, name: str, total: int, pieces: Iterator[bytes]) -> Path:
        with self._place_for(total) as arrival:
            first = next(pieces, b"")
            head = read_head(first).end
            arrival.begin(first[:head])
            for piece in chain((first[head:],), pieces):
                arrival.write(piece)
            arrival.finish()
            self._require_sound(name, arrival, total)
            return self._into_cache(name, arrival)

    def _place_for(self, total: int) -> Arrival:
        path = self._incoming / f"{uuid4().hex}.part"
        return Arrival(path, maximum_bytes=total, room=self._room())

    def _require_sound(self, name: str, arrival: Arrival, total: int) -> None:
        """The bytes are those the name tells of."""
        told = digest_in(name)
        if arrival.size != total or (told and arrival.digest().hex() != told):
            raise BlobDamaged("the bucket holds other bytes than were stored")

    def _into_cache(self, name: str, arrival: Arrival) -> Path:
        target = self.cache / name
        arrival.sync()
        _put(target, arrival.rename)
        if (self.leaving / name).exists():
            target.unlink(missing_ok=True)
            raise BlobMissing("stored object was removed")
        return target

    def _remember_large(self, name: str, total: int) -> None:
        self._large[name] = total
        while len(self._large) > _LARGE_REMEMBERED:
            self._large.popitem(last=False)


def _put(target: Path, make: Callable[[Path], object]) -> None:
    """Make a file in a folder that may be taken away while it is empty.

    Raises:
        OSError: the disk refused.
    """
    for _ in range(_MOST_FOLDER_TRIES):
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            make(target)
            return
    raise FileNotFoundError(target)
