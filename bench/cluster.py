"""A PostgreSQL cluster of a measurement's own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSTALLED = Path("/usr/lib/postgresql")


@contextmanager
def cluster() -> Iterator[str]:
    """A cluster of our own behind a Unix socket; durable as a real one."""
    with killable_cluster() as (url, _, _):
        yield url


@contextmanager
def killable_cluster() -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """The same, with what kills all its processes at once and what starts it again."""
    folder = Path(tempfile.mkdtemp(prefix="tsunagu-bench-"))
    owner = "postgres" if os.geteuid() == 0 else None
    if owner is not None:
        account = pwd.getpwnam(owner)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = str(folder / "data")
    options = f"-k {folder} -c listen_addresses= -c shared_buffers=256MB -c max_wal_size=2GB"

    def start() -> None:
        log = str(folder / "log")
        _program(owner, "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")

    def kill() -> None:
        first = int((folder / "data" / "postmaster.pid").read_text("ascii").split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split()
        for one in (first, *map(int, children)):
            os.kill(one, signal.SIGKILL)

    try:
        _program(owner, "initdb", "-D", data, "-U", "tsunagu", "-A", "trust", "-E", "UTF8")
        start()
        try:
            yield f"postgresql+psycopg://tsunagu@/postgres?host={folder}", kill, start
        finally:
            _program(owner, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(owner: str | None, name: str, *arguments: str) -> None:
    found = sorted(INSTALLED.glob(f"*/bin/{name}"))
    if not found:
        raise SystemExit(f"PostgreSQL is not installed: no {name} below {INSTALLED}")
    subprocess.run(  # noqa: S603 - our own arguments
        [str(found[-1]), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        user=owner,
        group=owner,
        extra_groups=[] if owner else None,
        cwd="/",
    )
