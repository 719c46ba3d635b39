"""Database session and ``transaction()``: SQLite (WAL, foreign keys) and PostgreSQL alike."""

from __future__ import annotations

import enum
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Dialect, Engine, Enum, MetaData, Uuid, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

ENUM_LENGTH = 24
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored and returned in UTC by every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: they would shift by nine hours some day."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: instants are aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Make what SQLite returns aware again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of the portal."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant,
        UUID: Uuid,
        enum.Enum: Enum(
            enum.Enum,
            native_enum=False,
            length=ENUM_LENGTH,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


_factory: sessionmaker[Session] | None = None
_current: ContextVar[Session | None] = ContextVar("session", default=None)


def make_engine(url: str) -> Engine:
    """An engine with the manners this product relies on."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": 15}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        "busy_timeout=15000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def bind(engine: Engine) -> None:
    """Make ``transaction()`` and ``reading()`` use this engine from now on."""
    global _factory  # noqa: PLW0603 - one database per process
    _factory = sessionmaker(engine, expire_on_commit=False)


def _new_session() -> Session:
    if _factory is None:
        raise RuntimeError("no database bound")
    return _factory()


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work. Inside another it joins; the outermost exit commits or rolls back."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    with _new_session() as session:
        mark = _current.set(session)
        try:
            with session.begin():
                yield session
        finally:
            _current.reset(mark)


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reads that never waits for a writer. Inside a transaction it joins that."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    with _new_session() as session:
        session.connection(execution_options={"sqlite_begin": "DEFERRED"})
        yield session
