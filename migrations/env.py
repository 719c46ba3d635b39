"""Alembic's door: the same migrations for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import context

from app import tables
from app.core.db import Instant, make_engine
from config.settings import portal_settings


def run() -> None:
    """Apply the migrations to the configured database, or to the connection a test hands over."""
    handed = context.config.attributes.get("connection")
    if handed is not None:
        _migrate(handed)
        return
    url = context.config.get_main_option("sqlalchemy.url") or portal_settings().database_url
    with make_engine(url).connect() as connection:
        _migrate(connection)


def _render(kind: str, thing: object, _context: object) -> str | Literal[False]:
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, sa.Enum):
        return f"sa.String(length={thing.length})"
    return False


def _migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.in_transaction():
        connection.commit()


run()
