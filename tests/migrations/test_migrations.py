"""The migrations make exactly the tables of the models, on both databases, and take them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app import tables
from app.core import db
from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection to an empty database."""
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_database")()
    engine = db.make_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def config(connection: Connection) -> Config:
    made = Config(str(ROOT / "alembic.ini"))
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["connection"] = connection
    return made


def names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_upgraded_from_empty_the_tables_are_the_models(empty: Connection) -> None:
    command.upgrade(config(empty), "head")
    assert names(empty) == set(tables.metadata.tables)
    command.check(config(empty))


def test_a_second_upgrade_changes_nothing(empty: Connection) -> None:
    for _ in range(2):
        command.upgrade(config(empty), "head")
    context = MigrationContext.configure(empty, opts={"render_as_batch": True})
    assert compare_metadata(context, tables.metadata) == []


def test_the_way_back_leaves_nothing(empty: Connection) -> None:
    command.upgrade(config(empty), "head")
    command.downgrade(config(empty), "base")
    assert names(empty) == set()
    command.upgrade(config(empty), "head")
    assert names(empty) == set(tables.metadata.tables)


def test_there_is_one_line_of_migrations() -> None:
    made = Config(str(ROOT / "alembic.ini"))
    made.set_main_option("script_location", str(ROOT / "migrations"))
    assert len(ScriptDirectory.from_config(made).get_heads()) == 1
