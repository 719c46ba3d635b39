"""The tables at the layout this program needs: made when there are none, brought up when older.

Whoever starts first does it, in one transaction, while the others wait; a killed upgrade leaves the
index as it was. A layout from the future is refused.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table, insert, inspect, select, text

from dicom_gateway.errors import Misconfigured
from dicom_gateway.index import refolding
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import LAYOUT, Base, SchemaVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()

FOLDER: Final = Path(__file__).parent / "migrations"
NUMBERED: Final = {1: "0001", 2: "0002"}
"""Layouts from before Alembic, by the number in their ``schema_version``."""
NO_MORE_NUMBERS: Final = 1000
_LONGEST_WAIT_SECONDS: Final = 1800
_ADVISORY_LOCK: Final = 0x7453754E_41677501
_VERSIONS: Final = cast("Table", SchemaVersion.__table__)


def create_schema(engine: Engine) -> None:
    """Bring the tables to the layout of this program, and the names to its folding.

    Raises:
        Misconfigured: the index is of a newer program.
    """
    with reading(engine) as connection:
        if _layout(connection) == LAYOUT and refolding.is_folded(connection):
            return
    with _alone(engine) as connection:
        found = _layout(connection)
        if found is None:
            _make(connection)
            return
        if found != LAYOUT:
            _upgrade(connection, found)
        if not refolding.is_folded(connection):
            refolding.refold(connection)


def _layout(connection: Connection) -> str | None:
    """The layout the tables have; ``None`` when there are none."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None or not inspect(connection).has_table(_VERSIONS.name):
        return found
    number = connection.scalar(select(_VERSIONS.c.version))
    return None if number is None else NUMBERED.get(number, f"number {number}")


def _make(connection: Connection) -> None:
    Base.metadata.create_all(connection)
    connection.execute(insert(_VERSIONS).values(version=NO_MORE_NUMBERS))
    refolding.mark(connection)
    _stamp(connection, LAYOUT)


def _stamp(connection: Connection, layout: str) -> None:
    script = ScriptDirectory.from_config(_config(connection))
    MigrationContext.configure(connection).stamp(script, layout)


def _upgrade(connection: Connection, found: str) -> None:
    log.info("index is brought up to date", found=found, wanted=LAYOUT)
    try:
        _stamp(connection, found)
        command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise Misconfigured(
            f"the index has layout {found} of a newer program; this one needs {LAYOUT}. "
            "Install the newer program again, or restore the backup made before it"
        ) from error


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """One transaction that no other program upgrades beside."""
    with engine.connect() as connection, _patient(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": _ADVISORY_LOCK})
        yield connection


@contextmanager
def _patient(connection: Connection) -> Iterator[None]:
    """Let SQLite wait for another program's upgrade as long as that may take."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    [before] = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute(f"PRAGMA busy_timeout={_LONGEST_WAIT_SECONDS * 1000}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout={before}")
