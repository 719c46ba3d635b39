"""Looking after what is kept: every byte read and compared, copies made and brought back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, union_all

from dicom_gateway.errors import BlobMissing, GatewayError, NotDicom
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import SetAside, StoredObject
from dicom_gateway.storage import data_set_digest, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.representations import Representations

INDEX: Final = "index.sqlite"
OBJECTS: Final = "objects"
_ROWS_AT_ONCE: Final = 500


class CannotCopy(GatewayError):
    """A backup or restore cannot be made like this. The message says what to do."""

    code = "cannot-copy"


@dataclass
class Findings:
    """What a scrub found. Names are the gateway's own, without identifiers of patients."""

    sound: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    dropped: int = 0

    @property
    def is_whole(self) -> bool:
        """Every listed object is there, byte for byte."""
        return not self.damaged and not self.missing


def scrub(
    engine: Engine,
    store: Blobs,
    made: Representations,
    on_object: Callable[[int], None] = lambda _n: None,
) -> Findings:
    """Read every kept object and compare it with the digest of its arrival.

    A file no row names is told too: its sender got no acknowledgement. HTJ2K copies of what is not
    kept any more are removed.

    Raises:
        BlobUnreachable: the bucket cannot be read now.
    """
    found, known = Findings(), set[str]()
    for number, (name, sha256) in enumerate(_listed(engine), 1):
        known.add(name)
        found.dropped += store.drop_unsound(name)
        try:
            is_same = data_set_digest(store.original(name)) == sha256
        except BlobMissing:
            found.missing.append(name)
        except (NotDicom, OSError):
            found.damaged.append(name)
        else:
            found.sound += is_same
            if not is_same:
                found.damaged.append(name)
        on_object(number)
    here = store.names()
    since = _arrived_since(engine, known)
    found.unlisted += sorted(here - known - since)
    made.keep_only(known | since)
    return found


def _listed(engine: Engine) -> Iterator[tuple[str, bytes]]:
    rows = union_all(
        select(StoredObject.file_name, StoredObject.data_set_sha256),
        select(SetAside.file_name, SetAside.data_set_sha256),
    )
    with reading(engine) as connection:
        for piece in connection.execute(rows).partitions(_ROWS_AT_ONCE):
            yield from ((row[0], bytes(row[1])) for row in piece)


def _arrived_since(engine: Engine, known: set[str]) -> set[str]:
    """What came in while the scrub was reading."""
    return {name for name, _ in _listed(engine)} - known


def back_up(
    engine: Engine,
    store: Blobs,
    target: Path,
    on_object: Callable[[int], None] = lambda _n: None,
    *,
    whole: bool = False,
) -> int:
    """Copy into a folder the index and the objects that lie on this machine alone, or the ``whole``
    of them; repeated, it copies only what is new.

    The index is copied first, at one instant, while the gateway goes on: what it names is durable
    by then. Objects never change, so a file that is there is not copied again.

    Returns:
        how many objects were copied.

    Raises:
        CannotCopy: the index is not SQLite, or the folder cannot take the copy.
        BlobUnreachable: the bucket cannot be read now.
    """
    if engine.dialect.name != "sqlite":
        raise CannotCopy("the index is PostgreSQL: copy it with pg_dump, then the folder objects")
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy_index(engine, target / INDEX)
        copied = 0
        for number, name in enumerate(_named_in(target / INDEX), 1):
            there = target / OBJECTS / name
            if not there.exists() and (whole or store.is_only_here(name)):
                _write_file(store.original(name), there)
                copied += 1
            on_object(number)
    except OSError as error:
        raise CannotCopy(f"the copy could not be written: {error.strerror}") from error
    except BlobMissing as error:
        raise CannotCopy("a listed object is not there: run scrub, it names all of them") from error
    return copied


@dataclass(frozen=True)
class Empty:
    """Where a backup is brought to: the folder of the index, and the one that holds ``objects``.
    With a bucket behind, objects that the backup does not hold are in there."""

    var: Path
    root: Path
    has_bucket: bool = False


def restore(source: Path, place: Empty, on_object: Callable[[int], None] = lambda _n: None) -> int:
    """Bring a backup into empty folders; the gateway may start there afterwards.

    Returns:
        how many objects were brought.

    Raises:
        CannotCopy: no backup is there, a folder holds something, or the copy failed.
    """
    if not (source / INDEX).is_file():
        raise CannotCopy("there is no backup in this folder: it holds no index.sqlite")
    for folder in (place.var, place.root):
        if folder.exists() and any(folder.iterdir()):
            raise CannotCopy("the gateway's folder is not empty; restore into an empty one")
    brought = 0
    try:
        place.var.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(_named_in(source / INDEX), 1):
            if not place.has_bucket or (source / OBJECTS / name).exists():
                _copy_file(source / OBJECTS / name, place.root / OBJECTS / name)
                brought += 1
            on_object(number)
        _copy_file(source / INDEX, place.var / INDEX)
    except OSError as error:
        raise CannotCopy(f"the copy could not be written: {error.strerror}") from error
    return brought


def _copy_index(engine: Engine, target: Path) -> None:
    draft = target.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with engine.connect() as connection, closing(sqlite3.connect(draft)) as copy:
        raw: Any = connection.connection.dbapi_connection
        raw.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    _settle(draft, target)


def _named_in(index: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as copy:
        rows = copy.execute("SELECT file_name FROM objects UNION SELECT file_name FROM set_aside")
        return [row[0] for row in rows]


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    shutil.copyfile(source, draft)
    _settle(draft, target)


def _write_file(pieces: Iterator[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    with draft.open("wb") as file:
        file.writelines(pieces)
    _settle(draft, target)


def _settle(draft: Path, target: Path) -> None:
    """Durable under its final name, or not there."""
    descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.rename(target)
    sync_folder(target.parent)
