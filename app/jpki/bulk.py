"""Many lines of a list into the database at once, by each database's shortest way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from app.jpki.crl_entries import RevokedEntry

_COPY = "COPY crl_entry (crl_id, serial, revoked_at, reason) FROM STDIN"
_INSERT = "INSERT INTO crl_entry (crl_id, serial, revoked_at, reason) VALUES "
_ROWS_AT_ONCE = 100
_SQLITE_INSTANT = "%Y-%m-%d %H:%M:%S.000000"  # as SQLAlchemy writes an instant of whole seconds


def insert_entries(connection: Connection, crl_id: int, entries: Sequence[RevokedEntry]) -> None:
    """Insert lines of one list. Raises IntegrityError, of SQLAlchemy or of psycopg."""
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.cursor(), crl_id, entries)
        return
    texts = {at: at.strftime(_SQLITE_INSTANT) for at in {entry.revoked_at for entry in entries}}
    for start in range(0, len(entries), _ROWS_AT_ONCE):
        some = entries[start : start + _ROWS_AT_ONCE]
        values = ", ".join(["(?, ?, ?, ?)"] * len(some))
        flat = [value for serial, at, why in some for value in (crl_id, serial, texts[at], why)]
        connection.exec_driver_sql(_INSERT + values, tuple(flat))


def _copy(cursor: Any, crl_id: int, entries: Sequence[RevokedEntry]) -> None:
    with cursor.copy(_COPY) as copy:
        for serial, revoked_at, reason in entries:
            copy.write_row((crl_id, serial, revoked_at, reason))
