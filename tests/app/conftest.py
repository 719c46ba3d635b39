"""The portal over a migrated database with people in it, on SQLite and on PostgreSQL.

A template is migrated and planted once a process; each test gets a copy of its own.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from app.authz.actor import Assurance
from app.core import clock, db
from app.crypto.signing import generate_key_pem
from app.factory import create_app
from config.settings import ROOT, Mode, PortalSettings
from simulators.jlis.server import JlisServer
from tests.app import browser
from tests.app.world import World, make_world, plant
from tests.pki import make_office

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

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
    return PortalSettings(
        mode=Mode.TEST,
        secret_key="s" * 40,
        database_url="sqlite://",
        trust_profile=jlis.var / "trust",
        access_token_key=key,
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


@contextmanager
def bound(url: str) -> Iterator[str]:
    """Use this database until the block ends."""
    engine = db.make_engine(url)
    db.bind(engine)
    try:
        yield url
    finally:
        engine.dispose()


@dataclass(frozen=True)
class Template:
    """A database that was migrated and planted, to be copied."""

    url: str

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The address of a fresh copy; on PostgreSQL it is dropped at the end."""
        url = make_url(self.url)
        if url.drivername == "sqlite":
            copied = shutil.copy(str(url.database), folder / "portal.sqlite")
            yield f"sqlite:///{copied}"
            return
        name = f"copy_{uuid4().hex}"
        _administer(self.url, f'CREATE DATABASE "{name}" TEMPLATE "{url.database}"')
        yield url.set(database=name).render_as_string(hide_password=False)
        _administer(self.url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _planted(url: str, world: World) -> Template:
    migrate(url)
    with bound(url):
        plant(world)
    return Template(url)


@pytest.fixture(scope="session")
def sqlite_template(world: World, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The world in SQLite."""
    return _planted(f"sqlite:///{tmp_path_factory.mktemp('template') / 'world.sqlite'}", world)


@pytest.fixture(scope="session")
def postgresql_template(world: World, postgresql_database: Callable[[], str]) -> Template:
    """The world in PostgreSQL."""
    return _planted(postgresql_database(), world)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own with the world in it, bound; its SQLAlchemy URL."""
    template: Template = request.getfixturevalue(f"{request.param}_template")
    with template.copy(tmp_path) as url, bound(url):
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
