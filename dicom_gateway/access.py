"""Who read what: counted per token and study, durable before the first byte leaves.

The first use of a token on a study is written at once. Later uses are counted in memory and written
every second or two, so a killed process may lose a count, never the fact that someone looked.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Engine, Float, bindparam, case, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from dicom_gateway import clock
from dicom_gateway.index.models import ReadAccess

if TYPE_CHECKING:
    from dicom_gateway.crypto import Access

log = structlog.get_logger()

FLUSH_SECONDS: Final = 1.5
_REMEMBERED: Final = 20_000
_Key = tuple[UUID, str]


@dataclass
class _Count:
    instances: int = 0
    frames: int = 0
    uses: int = 0
    first_at: float = 0.0
    last_at: float = 0.0


@dataclass
class ReadLedger:
    """Counts reads for one web process."""

    engine: Engine
    _counts: dict[_Key, _Count] = field(default_factory=dict)
    _written: set[_Key] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, access: Access, study: str, *, instances: int = 0, frames: int = 0) -> None:
        """Count one answer. The first one of a token on a study is durable when this returns."""
        key = (access.token_id, study)
        at = clock.now().timestamp()
        if key not in self._written:
            self._write_first(access, study, at)
        with self._lock:
            count = self._counts.setdefault(key, _Count(first_at=at))
            count.instances += instances
            count.frames += frames
            count.uses += 1
            count.last_at = at

    def _write_first(self, access: Access, study: str, at: float) -> None:
        dialect: Any = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        row = dialect.insert(ReadAccess).values(
            token_id=access.token_id,
            study_instance_uid=study,
            grant_id=access.grant,
            first_at=at,
            last_at=at,
            instances=0,
            frames=0,
            uses=1,
            reported_uses=0,
        )
        with self.engine.begin() as connection:
            connection.execute(row.on_conflict_do_nothing())
        with self._lock:
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            self._written.add((access.token_id, study))

    def flush(self) -> None:
        """Write the counts of the last moments. What cannot be written now stays counted."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        rows = [_parameters(key, count) for key, count in counts.items()]
        try:
            with self.engine.begin() as connection:
                connection.execute(_ADD, rows)
        except SQLAlchemyError:
            log.warning("read counts not written yet", waiting=len(rows))
            self._put_back(counts)

    def _put_back(self, counts: dict[_Key, _Count]) -> None:
        with self._lock:
            for key, old in counts.items():
                count = self._counts.setdefault(key, _Count(first_at=old.first_at))
                count.first_at = min(count.first_at, old.first_at)
                count.instances += old.instances
                count.frames += old.frames
                count.uses += old.uses
                count.last_at = max(count.last_at, old.last_at)


_ADD: Final = (
    update(ReadAccess)
    .where(
        ReadAccess.token_id == bindparam("of_token"),
        ReadAccess.study_instance_uid == bindparam("of_study"),
    )
    .values(
        instances=ReadAccess.instances + bindparam("more_instances"),
        frames=ReadAccess.frames + bindparam("more_frames"),
        uses=ReadAccess.uses + bindparam("more_uses"),
        first_at=case(
            (ReadAccess.uses == ReadAccess.reported_uses, bindparam("earliest", type_=Float)),
            else_=ReadAccess.first_at,
        ),
        last_at=bindparam("latest"),
    )
)


def _parameters(key: _Key, count: _Count) -> dict[str, object]:
    return {
        "of_token": key[0],
        "of_study": key[1],
        "more_instances": count.instances,
        "more_frames": count.frames,
        "more_uses": count.uses,
        "earliest": count.first_at,
        "latest": count.last_at,
    }


def flush_regularly(ledger: ReadLedger, stop: threading.Event) -> threading.Thread:
    """A thread that writes the counts down until told to stop, and once more then."""

    def run() -> None:
        while not stop.wait(FLUSH_SECONDS):
            ledger.flush()
        ledger.flush()

    thread = threading.Thread(target=run, name="read-ledger", daemon=True)
    thread.start()
    return thread
