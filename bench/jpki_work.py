"""What processes do while they are measured: log in, take a list in, log in meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from multiprocessing import get_context
from time import monotonic, perf_counter, thread_time
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.core.db import transaction
from app.jpki.authentication import verify_login
from app.jpki.crl import read_crl
from app.jpki.store import CrlTable, ingest
from app.jpki.trust import TrustStore
from bench.jpki_world import AT, World, open_database, resident_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

    from app.jpki.authentication import UnverifiedToken
    from app.jpki.challenge import Challenge

WARM_UP = 20
MILLISECONDS = 1000
LIST_FILE = "list.crl"
_NOTE = "CREATE TABLE IF NOT EXISTS login_note (id INTEGER PRIMARY KEY, at TEXT NOT NULL)"


@dataclass(frozen=True)
class Errand:
    """What a process needs to log in: plain values that cross to it."""

    folder: Path
    database_url: str
    token: UnverifiedToken
    challenge: Challenge

    @classmethod
    def of(cls, world: World) -> Errand:
        """The same card, from another process."""
        return cls(world.folder, world.database_url, world.token, world.challenge)

    def start(self) -> Callable[[], object]:
        """Open what a worker opens; one call is one login's verification."""
        open_database(self.database_url)
        trust = TrustStore.load(self.folder / "trust")
        return lambda: verify_login(self.token, self.challenge, trust, CrlTable(), at=AT)


@dataclass
class Logins:
    """Times of each login in milliseconds, by the wall and by the CPU, and the memory it took."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    seconds: float = 0.0
    growth_mb: float = 0.0

    def run(self, work: Callable[[], object]) -> None:
        """One more."""
        wall, cpu = perf_counter(), thread_time()
        work()
        self.wall.append((perf_counter() - wall) * MILLISECONDS)
        self.cpu.append((thread_time() - cpu) * MILLISECONDS)


def log_in_for(errand: Errand, seconds: float) -> Logins:
    """Log in again and again in this process; the first ones are not counted."""
    work, done = errand.start(), Logins()
    before = resident_megabytes()
    for _ in range(WARM_UP):
        work()
    started = monotonic()
    while monotonic() - started < seconds:
        done.run(work)
    done.seconds = monotonic() - started
    done.growth_mb = resident_megabytes() - before
    return done


def log_in_by(errand: Errand, workers: int, seconds: float) -> list[Logins]:
    """The same in several processes at once."""
    with get_context("spawn").Pool(workers) as pool:
        return pool.starmap(log_in_for, [(errand, seconds)] * workers)


def take_list(errand: Errand, answer: Connection) -> None:
    """Verify and ingest the list; answers with the seconds it took, by the wall and the CPU."""
    open_database(errand.database_url)
    trust = TrustStore.load(errand.folder / "trust")
    der = (errand.folder / LIST_FILE).read_bytes()
    wall, cpu = perf_counter(), thread_time()
    ingest(read_crl(der, trust.authentication, at=AT), at=AT)
    answer.send((perf_counter() - wall, thread_time() - cpu))


def log_in_during_ingest(errand: Errand) -> tuple[tuple[float, float], Logins]:
    """Seconds of an ingest in another process (wall, CPU), and the logins done here meanwhile.

    Each of these also writes one row, as a real login writes its session.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    verify, done = errand.start(), Logins()
    _write(_NOTE)

    def log_in() -> None:
        verify()
        _write("INSERT INTO login_note (at) VALUES ('now')")

    other = context.Process(target=take_list, args=(errand, there))
    other.start()
    started = monotonic()
    while not here.poll():
        done.run(log_in)
    done.seconds = monotonic() - started
    other.join()
    return here.recv(), done


def _write(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))
