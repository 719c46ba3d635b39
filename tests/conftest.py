"""What tests of several programs share: a private PostgreSQL cluster, one Playwright."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import sync_playwright
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Playwright
    from xdist.remote import Producer

BROWSER = "tests/browser/"
INSTALLED = Path("/usr/lib/postgresql")
SUPERUSER = "tsunagu"
FAST = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=50"


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    """A process of a parallel run takes a file whole, and everything in the browser: that shares
    one running world."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFiles:
    """How tests are dealt out; asked for by ``-n``."""
    return WholeFiles(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start PostgreSQL carry its marker by themselves."""
    for item in items:
        if "postgresql_database" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgresql)


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[Callable[[], str]]:
    """A factory: each call makes one more empty database and returns its SQLAlchemy URL."""
    with _cluster() as sockets:

        def create() -> str:
            name = f"test_{uuid4().hex}"
            with psycopg.connect(
                host=str(sockets), user=SUPERUSER, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            return f"postgresql+psycopg://{SUPERUSER}@/{name}?host={sockets}"

        yield create


@pytest.fixture
def postgresql_url(postgresql_database: Callable[[], str]) -> str:
    """The SQLAlchemy URL of an empty PostgreSQL database of this test's own."""
    return postgresql_database()


@pytest.fixture(scope="session")
def browser_driver() -> Iterator[Playwright]:
    """The one Playwright of a test process: a second one beside it cannot start."""
    with sync_playwright() as driver:
        yield driver


@contextmanager
def _cluster() -> Iterator[Path]:
    """A cluster that only its own Unix socket reaches; yields the folder of that socket.

    A missing PostgreSQL fails the test: the second database is part of the gate.
    """
    folder = Path(tempfile.mkdtemp(prefix="tsunagu-pg-"))
    data, log = folder / "data", folder / "log"
    owner = _owner()
    if owner is not None:
        os.chown(folder, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
    try:
        _run(owner, "initdb", "-D", str(data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip
        options = f"-k {folder} {FAST}"
        _run(owner, "pg_ctl", "-D", str(data), "-l", str(log), "-o", options, "-w", "start")
        try:
            yield folder
        finally:
            _run(owner, "pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str | None:
    """PostgreSQL refuses to run as root; its package brings a user for that."""
    return "postgres" if os.geteuid() == 0 else None


def _run(owner: str | None, program: str, *arguments: str) -> None:
    found = sorted(INSTALLED.glob(f"*/bin/{program}"))
    if not found:
        pytest.fail(f"PostgreSQL is not installed: no {program} below {INSTALLED}")
    done = subprocess.run(  # noqa: S603 - our own arguments
        [str(found[-1]), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        user=owner,
        group=owner,
        extra_groups=[] if owner else None,
        cwd="/",
    )
    if done.returncode != 0:
        pytest.fail(f"{program} failed: {done.stderr}")
