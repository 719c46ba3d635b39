"""The commit that stands before every acknowledgement.

Whoever finds the book free writes down all who wait (leader and followers), so that several
associations share one sync of the database.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from dicom_gateway.errors import OutOfResources
from dicom_gateway.index.models import SetAside, StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Dialect, Engine, Executable, PoolProxiedConnection, Table

    from dicom_gateway.frames import FrameTable
    from dicom_gateway.part10 import Claim

    class _Cursor(Protocol):
        """What the driver gives back."""

        @property
        def rowcount(self) -> int: ...
        def fetchone(self) -> Any: ...

    _Run = Callable[[str, Any], _Cursor]
    """Runs one statement inside the transaction."""


class Standing(StrEnum):
    """What became of an object that was sent."""

    STORED = "stored"
    REPEATED = "repeated"
    SET_ASIDE = "set aside"


@dataclass(frozen=True)
class Entry:
    """Everything the index must know about a file that is already durable."""

    claim: Claim
    study_instance_uid: str
    series_instance_uid: str
    file_name: str
    size: int
    data_set_sha256: bytes
    received_at: float
    frames: FrameTable


@dataclass
class _Ticket:
    entry: Entry
    standing: Standing | None = None
    failed: bool = False


@dataclass
class ArrivalBook:
    """Writes entries durably; any number of threads may call :meth:`record`."""

    engine: Engine
    _statements: _Statements = field(init=False)
    _waiting: list[_Ticket] = field(default_factory=list)
    _list_lock: threading.Lock = field(default_factory=threading.Lock)
    _leader: threading.Lock = field(default_factory=threading.Lock)
    _kept: PoolProxiedConnection | None = None

    def __post_init__(self) -> None:
        self._statements = _Statements(self.engine.dialect)

    def record(self, entry: Entry) -> Standing:
        """List the object. Returns only when the commit has reached the disk.

        Raises:
            OutOfResources: the database refused.
        """
        ticket = _Ticket(entry)
        with self._list_lock:
            self._waiting.append(ticket)
        with self._leader:
            if ticket.standing is None and not ticket.failed:
                self._write_waiting()
        if ticket.standing is None:
            raise OutOfResources("index did not take the object")
        return ticket.standing

    def _write_waiting(self) -> None:
        with self._list_lock:
            batch, self._waiting = self._waiting, []
        try:
            with self._writing() as run:
                standings = [self._write(run, ticket.entry) for ticket in batch]
        except (SQLAlchemyError, sqlite3.Error):
            for ticket in batch:
                ticket.failed = True
            return
        for ticket, standing in zip(batch, standings, strict=True):
            ticket.standing = standing

    @contextmanager
    def _writing(self) -> Iterator[_Run]:
        """A transaction. Over SQLite it goes by the driver, on a connection that stays open: half
        the cost of a commit. One to a server is tried by the pool first, for the server may have
        gone and come back."""
        if self.engine.dialect.name != "sqlite":
            with self.engine.begin() as connection:
                yield connection.exec_driver_sql
            return
        kept, self._kept = self._kept or self.engine.raw_connection(), None
        driver = cast("sqlite3.Connection", kept.driver_connection)
        try:
            driver.execute("BEGIN IMMEDIATE")
            yield driver.execute
            driver.commit()
        except BaseException:
            kept.close()
            raise
        self._kept = kept

    def _write(self, run: _Run, entry: Entry) -> Standing:
        do = self._statements
        if do.add(run, object_row(entry)).rowcount == 1:
            return Standing.STORED
        uid, sha256 = entry.claim.sop_instance_uid, entry.data_set_sha256
        known = do.find(run, {"uid": uid}).fetchone()
        named = {"uid": uid, "sha256": sha256}
        if (known is not None and known[0] == sha256) or do.find_aside(run, named).fetchone():
            return Standing.REPEATED
        do.add_aside(run, _aside_row(entry))
        return Standing.SET_ASIDE


_OBJECTS: Final = cast("Table", StoredObject.__table__)
_ASIDE: Final = cast("Table", SetAside.__table__)
_FIND: Final = select(_OBJECTS.c.data_set_sha256).where(
    _OBJECTS.c.sop_instance_uid == bindparam("uid")
)
_FIND_ASIDE: Final = select(_ASIDE.c.id).where(
    _ASIDE.c.sop_instance_uid == bindparam("uid"), _ASIDE.c.data_set_sha256 == bindparam("sha256")
)


class _Statement:
    """A statement compiled once for the database's driver."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = cast("Any", statement).compile(dialect=dialect)
        self._sql = str(compiled)
        self._order: list[str] | None = compiled.positiontup

    def __call__(self, run: _Run, row: Mapping[str, object]) -> _Cursor:
        order = self._order
        return run(self._sql, row if order is None else tuple([row[name] for name in order]))


class _Statements:
    """What the book says to the database; ``add`` adds nothing where the identifier is known."""

    def __init__(self, dialect: Dialect) -> None:
        kind: Any = postgresql if dialect.name == "postgresql" else sqlite
        add = _of_all_columns(kind.insert(_OBJECTS), _OBJECTS).on_conflict_do_nothing(
            index_elements=[_OBJECTS.c.sop_instance_uid]
        )
        self.add = _Statement(add, dialect)
        self.find = _Statement(_FIND, dialect)
        self.find_aside = _Statement(_FIND_ASIDE, dialect)
        self.add_aside = _Statement(_of_all_columns(insert(_ASIDE), _ASIDE), dialect)


def _of_all_columns(statement: Any, table: Table) -> Any:
    names = [column.name for column in table.columns if column.name != "id"]
    return statement.values({name: bindparam(name) for name in names})


def _aside_row(entry: Entry) -> dict[str, object]:
    return {
        "sop_instance_uid": entry.claim.sop_instance_uid,
        "file_name": entry.file_name,
        "data_set_sha256": entry.data_set_sha256,
        "sender": entry.claim.sender,
        "received_at": entry.received_at,
    }


def object_row(entry: Entry) -> dict[str, object]:
    """The columns of an object that waits to be listed."""
    return {
        "sop_instance_uid": entry.claim.sop_instance_uid,
        "sop_class_uid": entry.claim.sop_class_uid,
        "transfer_syntax_uid": entry.claim.transfer_syntax_uid,
        "study_instance_uid": entry.study_instance_uid,
        "series_instance_uid": entry.series_instance_uid,
        "file_name": entry.file_name,
        "size": entry.size,
        "data_set_sha256": entry.data_set_sha256,
        "sender": entry.claim.sender,
        "received_at": entry.received_at,
        "frame_count": entry.frames.count,
        "frame_table": entry.frames.packed,
        "encapsulated": entry.frames.encapsulated,
        "state": "stored",
        "note": "",
    }
