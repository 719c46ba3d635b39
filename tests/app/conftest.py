"""The portal over a migrated database with people in it, on SQLite and on PostgreSQL.

A template is migrated and planted once a process; each test gets a copy of its own.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from app.authz.actor import Assurance
from app.core import clock, db
from app.crypto.sealing import key_line, new_sealing_key
from app.crypto.signing import generate_key_pem
from app.factory import create_app
from config.settings import ROOT, Mode, PortalSettings
from simulators.jlis.server import JlisServer
from tests.app import browser
from tests.app.world import World, make_world, plant
from tests.pki import make_office
from tests.seals import seal_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

    from simulators.jlis.office import Office
    from tests.app.browser import Browser

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture(scope="session")
def jlis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A simulated J-LIS that answers over HTTP by today's clock."""
    office = make_office(tmp_path_factory.mktemp("jlis"), at=clock.now(), port=0)
    with JlisServer(office, 0) as server:
        office.base_url = f"http://127.0.0.1:{server.port}"
        office.write_trust_profile(office.var / "trust")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield office
        server.shutdown()
        thread.join(timeout=5)


@pytest.fixture(scope="session")
def world(jlis: Office) -> World:
    """Who there is. The same ids in every database of this process."""
    return make_world(jlis)


@pytest.fixture(scope="session")
def settings(jlis: Office, tmp_path_factory: pytest.TempPathFactory) -> PortalSettings:
    """A portal in test mode that trusts the simulated J-LIS."""
    key = tmp_path_factory.mktemp("keys") / "access.pem"
    key.write_bytes(generate_key_pem())
    sealing = key.with_name("sealing-keys")
    sealing.write_text(key_line(new_sealing_key()), encoding="ascii")
    seal, seal_certificate = seal_files(key.parent)
    return PortalSettings(
        mode=Mode.TEST,
        secret_key="s" * 40,
        database_url="sqlite://",
        trust_profile=jlis.var / "trust",
        access_token_key=key,
        sealing_keys=sealing,
        evidence_signing_key=seal,
        evidence_certificate=seal_certificate,
        rate_limits=False,
    )


@pytest.fixture(scope="session")
def bare_portal(settings: PortalSettings) -> Flask:
    """The application, one for all tests of this process; ``portal`` gives it a database."""
    return create_app(settings)


def migrate(url: str) -> None:
    """Bring an empty database to the newest tables."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    engine = db.make_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


@dataclass
class Kept:
    """A PostgreSQL database whose first state lies beside it, to be put back before each test."""

    url: str
    engine: Engine

    @cached_property
    def tables(self) -> list[str]:
        """Every table but Alembic's own."""
        return [name for name in inspect(self.engine).get_table_names() if "alembic" not in name]

    def keep(self) -> None:
        """Remember every row as it is now."""
        copies = [f'CREATE TABLE kept."{name}" AS TABLE public."{name}"' for name in self.tables]
        self._run(["CREATE SCHEMA kept", *copies])

    def put_back(self) -> None:
        """Every row as it was when it was kept."""
        gone = [f'DELETE FROM public."{name}"' for name in self.tables]  # noqa: S608 - our own
        back = [f'INSERT INTO public."{name}" SELECT * FROM kept."{name}"' for name in self.tables]  # noqa: S608 - our own
        self._run(["SET LOCAL session_replication_role = replica", *gone, *back])

    def _run(self, statements: list[str]) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql("; ".join(statements))


@pytest.fixture(scope="session")
def sqlite_template(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an SQLite database with the world in it."""
    path = tmp_path_factory.mktemp("template") / "world.sqlite"
    url = f"sqlite:///{path}"
    migrate(url)
    with bound(db.make_engine(url)):
        plant(world)
    return path


@pytest.fixture(scope="session")
def postgresql_world(world: World, postgresql_database: Callable[[], str]) -> Iterator[Kept]:
    """A PostgreSQL database with the world in it."""
    url = postgresql_database()
    migrate(url)
    with bound(db.make_engine(url)) as engine:
        plant(world)
        kept = Kept(url, engine)
        kept.keep()
        yield kept


@contextmanager
def bound(engine: Engine) -> Iterator[Engine]:
    """Use this database from now on; its connections close at the end."""
    db.bind(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database with just the world in it, bound; its SQLAlchemy URL."""
    if request.param == "postgresql":
        kept: Kept = request.getfixturevalue("postgresql_world")
        kept.put_back()
        db.bind(kept.engine)
        yield kept.url
        return
    copied = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "portal.sqlite")
    url = f"sqlite:///{copied}"
    with bound(db.make_engine(url)):
        yield url


@pytest.fixture
def portal(bare_portal: Flask, database: str) -> Flask:
    """The portal over this test's database."""
    assert database
    return bare_portal


@pytest.fixture
def stranger(portal: Flask) -> Browser:
    """A browser that never was here."""
    return browser.stranger(portal)


@pytest.fixture
def client_for(portal: Flask, world: World) -> Callable[..., Browser]:
    """The browser of somebody of the world, logged in by card unless said otherwise."""

    def make(key: str, assurance: Assurance = Assurance.CARD, **session: object) -> Browser:
        return browser.logged_in(portal, world[key], assurance=assurance, **session)

    return make
