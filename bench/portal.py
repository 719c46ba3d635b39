"""The portal's pages, measured: ``python -m bench.portal [--json] [--quick]``.

Sets up a world of its own in a temporary folder (SQLite, demo data), runs the portal under granian
in two workers, and asks for pages of a mother who is logged in. ``/health`` on the same server is
the floor: what a request costs before the portal does anything. ``parent_page_p95_ms`` is the
parent's first screen at fifty requests a second, each due at its moment whether the server is free
or not; the other pages of a parent stand beside it.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import select

from app.authz.actor import Assurance
from app.core import clock, db
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.identity.models import Account, Person
from app.web.models import BrowserSession
from bench.open_load import Answers, at_rate
from scripts.console import say
from scripts.setup import set_up_world
from scripts.steps import ROOT, with_environment
from scripts.world import BIN, PORTAL_THREADS, World

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = (1, 4)
WARM_UP = 20
WARM_UP_SECONDS = 2
WORKERS = 2
RATE = 50
FIRST_SCREEN = "handbook"
PARENTS_PAGES = (FIRST_SCREEN, "schedule", "vaccinations")
SECONDS = 10
START_SECONDS = 60.0
PERCENTILES = 20
MILLISECONDS = 1000
CHILD = re.compile(r'href="(/handbook/children/[0-9a-f-]+)"')


@dataclass(frozen=True)
class Figures:
    """One page over a number of connections. Times in milliseconds."""

    page: str
    connections: int
    p50_ms: float
    p95_ms: float
    requests_per_s: float


@dataclass(frozen=True)
class Site:
    """A running portal and the cookie of somebody who is logged in."""

    origin: str
    cookie: str

    def client(self) -> httpx.Client:
        """One connection, kept alive."""
        return httpx.Client(
            base_url=self.origin, cookies={"tsunagu": self.cookie}, trust_env=False, timeout=30
        )


@contextmanager
def running() -> Iterator[Site]:
    """A portal over a world of its own."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-bench-") as folder:
        world = World(folder=Path(folder))
        set_up_world(world)
        origin = f"http://127.0.0.1:{_free_port()}"
        cookie = _log_in(world)
        process = _start(world, origin)
        try:
            _wait_for(origin)
            yield Site(origin, cookie)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(world: World, origin: str) -> subprocess.Popen[bytes]:
    settings = world.environment()["portal"] | {"TSUNAGU_ORIGIN": origin}
    listen = ("--host", "127.0.0.1", "--port", origin.rpartition(":")[2], "--no-ws")
    threads = ("--blocking-threads", str(PORTAL_THREADS))
    workers = ("--workers", str(WORKERS))
    command = (str(BIN / "granian"), "--interface", "wsgi", *listen, *workers, *threads, "wsgi:app")
    with (world.var / "portal.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            with_environment(command, settings), cwd=ROOT, stdout=log, stderr=log
        )


def _wait_for(origin: str) -> None:
    deadline = perf_counter() + START_SECONDS
    while perf_counter() < deadline:
        try:
            if httpx.get(origin + "/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            sleep(0.1)
    raise SystemExit("the portal does not answer")


def _log_in(world: World) -> str:
    """A session of the mother, as the card login would have made it; returns its cookie."""
    engine = db.make_engine(world.environment()["portal"]["TSUNAGU_DATABASE_URL"])
    db.bind(engine)
    token, now = new_token(), clock.now()
    with transaction() as session:
        named = select(Account).join(Person).where(Person.given_name == "花子")
        session.add(
            BrowserSession(
                id_hash=sha256_hex(token),
                account_id=session.scalars(named).one().id,
                assurance=int(Assurance.CARD),
                data={},
                created_at=now,
                seen_at=now,
                idle_seconds=3600,
                expires_at=now + timedelta(hours=1),
            )
        )
    engine.dispose()
    return token


def measure(site: Site, page: str, connections: int, requests: int) -> Figures:
    """Ask for one page ``requests`` times, shared out over the connections."""
    with ThreadPoolExecutor(connections) as crowd:
        start = perf_counter()
        each = requests // connections
        shares = [crowd.submit(_ask, site, page, each) for _ in range(connections)]
        times = [seconds for share in shares for seconds in share.result()]
        taken = perf_counter() - start
    return Figures(
        page=page,
        connections=connections,
        p50_ms=round(median(times) * MILLISECONDS, 2),
        p95_ms=round(quantiles(times, n=PERCENTILES)[-1] * MILLISECONDS, 2),
        requests_per_s=round(len(times) / taken, 1),
    )


def _ask(site: Site, page: str, requests: int) -> list[float]:
    times = []
    with site.client() as client:
        for _ in range(requests):
            start = perf_counter()
            answer = client.get(page)
            times.append(perf_counter() - start)
            if answer.status_code != httpx.codes.OK:
                raise SystemExit(f"{page}: {answer.status_code}")
    return times


def parent_page_p95_ms() -> float:
    """The parent's first screen at ``RATE`` requests a second, from a server of its own."""
    with running() as site:
        return parents_load(site, seconds=SECONDS, names=(FIRST_SCREEN,))[FIRST_SCREEN].p95_ms


def parents_load(
    site: Site, seconds: int, names: tuple[str, ...] = PARENTS_PAGES
) -> dict[str, Answers]:
    """First screen, schedule and a child's vaccinations, each at ``RATE`` requests a second."""
    host, _, port = site.origin.rpartition("/")[2].rpartition(":")
    loads = {}
    for name in names:
        path = _pages(site)[name]
        ask = partial(at_rate, (host, int(port)), path, f"tsunagu={site.cookie}")
        ask(rate=WARM_UP, seconds=WARM_UP_SECONDS)  # over many connections, so that all workers do
        loads[name] = ask(rate=RATE, seconds=seconds)
    return loads


def _pages(site: Site) -> dict[str, str]:
    with site.client() as client:
        child = CHILD.search(client.get("/handbook/").text)
    if child is None:
        raise SystemExit("the mother's page shows no child")
    return {
        "/health": "/health",
        "handbook": "/handbook/",
        "schedule": "/handbook/schedule",
        "child": child[1],
        "vaccinations": child[1] + "/vaccinations",
    }


def run(requests: int, seconds: int) -> tuple[list[Figures], dict[str, Answers]]:
    """All pages over all numbers of connections, then the parent's pages at a fixed rate."""
    with running() as site:
        named = _pages(site)
        figures = []
        for name, path in named.items():
            _ask(site, path, WARM_UP)
            for connections in CONNECTIONS:
                one = measure(site, path, connections, requests)
                figures.append(Figures(**asdict(one) | {"page": name}))
        return figures, parents_load(site, seconds)


def as_json(figures: list[Figures], loads: dict[str, Answers]) -> dict[str, object]:
    """Figures, ratios to the floor, the parent's pages under load, versions."""
    floor = next(f for f in figures if f.page == "/health" and f.connections == 1)
    handbook = next(f for f in figures if f.page == "handbook" and f.connections == 1)
    return {
        "bench": "portal",
        "figures": [asdict(one) for one in figures],
        "parent_page_p95_ms": loads[FIRST_SCREEN].p95_ms,
        "parent_pages_at_50_per_s": {name: one._asdict() for name, one in loads.items()},
        "workers": WORKERS,
        "ratios": {"handbook_to_health_p50": round(handbook.p50_ms / floor.p50_ms, 2)},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("flask", "sqlalchemy", "granian", "httpx")},
        },
    }


def show(figures: list[Figures], loads: dict[str, Answers]) -> None:
    """Two tables for people."""
    say(f"{'page':<14}{'connections':>12}{'p50 ms':>10}{'p95 ms':>10}{'requests/s':>12}")
    for one in figures:
        speed = f"{one.p50_ms:>10.2f}{one.p95_ms:>10.2f}{one.requests_per_s:>12.1f}"
        say(f"{one.page:<14}{one.connections:>12}{speed}")
    say(f"{f'at {RATE}/s':<14}{'p50 ms':>22}{'p95 ms':>10}{'most ms':>12}")
    for name, load in loads.items():
        say(f"{name:<14}{load.p50_ms:>22.1f}{load.p95_ms:>10.1f}{load.most_ms:>12.1f}")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure the portal's pages.")
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    parser.add_argument("--quick", action="store_true", help="few requests, for a first look")
    options = parser.parse_args()
    quick = bool(options.quick)
    figures, loads = run(requests=80 if quick else 400, seconds=4 if quick else SECONDS)
    show(figures, loads)
    if options.json:
        say(json.dumps(as_json(figures, loads)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
