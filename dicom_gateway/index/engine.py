"""Opening the index: an engine with the manners durability needs."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from pathlib import Path

_VISIBLE = "SELECT pg_current_snapshot()::text"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=20000",
    "cache_size=-16384",
    "temp_store=MEMORY",
)


def open_index(url: str, var: Path) -> Engine:
    """An engine for the index; an empty URL means SQLite inside ``var``."""
    if url and not url.startswith("sqlite"):
        return create_engine(
            url, pool_pre_ping=True, pool_size=8, max_overflow=24, pool_use_lifo=True
        )
    var.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url or f"sqlite:///{var / 'index.sqlite'}",
        connect_args={"timeout": 20, "check_same_thread": False},
        pool_size=8,
        max_overflow=64,
        pool_use_lifo=True,  # the connection used last has the pages at hand
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reads that never waits for a writer.

    SQLite shows one state of the index to all reads inside; over PostgreSQL each read sees what is
    committed then, as in its default isolation, without two round trips around it.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            yield connection.execution_options(sqlite_begin="DEFERRED")
        else:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")


def change_sign(engine: Engine) -> Callable[[], Hashable]:
    """A function whose value differs when anyone has committed to the index since the last call."""
    return _data_version(engine) if engine.dialect.name == "sqlite" else _snapshot(engine)


def _data_version(engine: Engine) -> Callable[[], int]:
    """SQLite tells whether another connection has committed, without reading a page."""
    watching, lock = engine.raw_connection(), threading.Lock()

    def sign() -> int:
        with lock:
            cursor = watching.cursor()
            cursor.execute("PRAGMA data_version")
            found: int = cursor.fetchall()[0][0]
            return found

    return sign


def _snapshot(engine: Engine) -> Callable[[], str]:
    """PostgreSQL names the transactions whose work is visible: one more commit, another name."""

    def sign() -> str:
        with reading(engine) as connection:
            found: str = connection.exec_driver_sql(_VISIBLE).scalar_one()
            return found

    return sign
