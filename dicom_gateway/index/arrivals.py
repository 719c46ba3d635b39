"""The commit that stands before every acknowledgement.

Whoever finds the book free writes down all who wait (leader and followers), so that several
associations share one sync of the database.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Connection, Engine, Table, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from dicom_gateway.errors import OutOfResources
from dicom_gateway.index.models import SetAside, StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicom_gateway.frames import FrameTable
    from dicom_gateway.part10 import Claim


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
    _add: _AddOnce = field(init=False)
    _waiting: list[_Ticket] = field(default_factory=list)
    _list_lock: threading.Lock = field(default_factory=threading.Lock)
    _leader: threading.Lock = field(default_factory=threading.Lock)
    _kept: Connection | None = None

    def __post_init__(self) -> None:
        self._add = _AddOnce(self.engine)

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
            with self._writing() as connection:
                standings = [self._write(connection, ticket.entry) for ticket in batch]
        except SQLAlchemyError:
            for ticket in batch:
                ticket.failed = True
            return
        for ticket, standing in zip(batch, standings, strict=True):
            ticket.standing = standing

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction. The connection to SQLite's file stays open, a third of a commit's cost;
        one to a server is tried by the pool first, for the server may have gone and come back."""
        if self.engine.dialect.name != "sqlite":
            with self.engine.begin() as connection:
                yield connection
            return
        kept, self._kept = self._kept or self.engine.connect(), None
        try:
            with kept.begin():
                yield kept
        except BaseException:
            kept.close()
            raise
        self._kept = kept

    def _write(self, connection: Connection, entry: Entry) -> Standing:
        if self._add(connection, object_row(entry)):
            return Standing.STORED
        uid, sha256 = entry.claim.sop_instance_uid, entry.data_set_sha256
        known = connection.scalar(_FIND, {"uid": uid})
        if known == sha256 or connection.scalar(_FIND_ASIDE, {"uid": uid, "sha256": sha256}):
            return Standing.REPEATED
        connection.execute(_ADD_ASIDE, _aside_row(entry))
        return Standing.SET_ASIDE


_OBJECTS: Final = cast("Table", StoredObject.__table__)
_ASIDE: Final = cast("Table", SetAside.__table__)
_FIND: Final = select(_OBJECTS.c.data_set_sha256).where(
    _OBJECTS.c.sop_instance_uid == bindparam("uid")
)
_FIND_ASIDE: Final = select(_ASIDE.c.id).where(
    _ASIDE.c.sop_instance_uid == bindparam("uid"), _ASIDE.c.data_set_sha256 == bindparam("sha256")
)
_ADD_ASIDE: Final = insert(_ASIDE)


class _AddOnce:
    """The insert of one object unless its identifier is there, compiled once for the database."""

    def __init__(self, engine: Engine) -> None:
        dialect: Any = postgresql if engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(_OBJECTS).on_conflict_do_nothing(
            index_elements=[_OBJECTS.c.sop_instance_uid]
        )
        columns = [column.name for column in _OBJECTS.columns if column.name != "id"]
        compiled = statement.values({name: bindparam(name) for name in columns}).compile(
            dialect=engine.dialect
        )
        self._sql = str(compiled)
        self._order: list[str] | None = compiled.positiontup

    def __call__(self, connection: Connection, row: dict[str, object]) -> bool:
        """Insert ``row``. False when an object of its identifier is listed already."""
        values = row if self._order is None else tuple(row[name] for name in self._order)
        return connection.exec_driver_sql(self._sql, values).rowcount == 1


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
