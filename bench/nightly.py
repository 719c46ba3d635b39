"""How long the nightly plan of reminders takes on PostgreSQL, in two processes.

A private cluster is filled with children in several municipalities, ten doses each; two workers
take municipality after municipality from the ledger of runs, as the product's own jobs do.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from datetime import date, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING

import psycopg
from alembic import command
from alembic.config import Config

from app.core import clock, db
from app.core.ids import new_id
from app.immunization.projection import sample_timeline
from app.immunization.schedule import load_schedule
from app.jobs import runs
from app.jobs.models import JobName
from app.jobs.work import Office, work_through
from app.notifications.sending import Post
from app.reminders.wanted import still_wanted
from bench.cluster import cluster
from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.queues import Queue
    from uuid import UUID

    from psycopg import Cursor

PROCESSES = 2
DOSES = 10
CHILDREN_A_MUNICIPALITY = 5_000
SEED = 20261122
KILOBYTE = 1024


def nightly(count: int) -> dict[str, float]:
    """Seconds by the wall clock for ``count`` children, and the larger worker's resident memory."""
    with cluster() as url:
        migrate(url)
        fill(url, count)
        return _run(url, count)


def _run(url: str, count: int) -> dict[str, float]:
    db.bind(db.make_engine(url))
    day = clock.today()
    runs.open_day(day)
    processes = get_context("spawn")
    answers: Queue[tuple[int, int]] = processes.Queue()
    workers = [processes.Process(target=_work, args=(url, day, answers)) for _ in range(PROCESSES)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    results = [answers.get() for _ in workers]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return {
        "nightly_children": count,
        "nightly_doses_per_child": DOSES,
        "nightly_reminders": sum(planned for planned, _ in results),
        "nightly_s": round(seconds, 1),
        "nightly_children_per_s": round(count / seconds),
        "worker_rss_mb": round(max(rss for _, rss in results) / KILOBYTE),
    }


def _work(url: str, day: date, answers: Queue[tuple[int, int]]) -> None:
    db.bind(db.make_engine(url))
    post = Post(carriers={}, sealer=None, origin="", still_wanted=still_wanted)  # type: ignore[arg-type]
    planned = work_through(JobName.PLAN_REMINDERS, Office(post, 0), day)
    answers.put((planned, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def migrate(url: str) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    engine = db.make_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def fill(url: str, count: int) -> None:
    """Children over thirteen years, their ten earliest doses by the schedule with delays."""
    chance = random.Random(SEED)  # noqa: S311 - sample data
    template = [
        (dose.product, dose.age_days)
        for doses in sample_timeline(load_schedule(), born_on=date(2026, 4, 1)).values()
        for dose in doses
        if dose.product is not None
    ]
    template = sorted(template, key=lambda dose: dose[1])[:DOSES]
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as rows:
        places = max(1, -(-count // CHILDREN_A_MUNICIPALITY))
        municipalities = [new_id() for _ in range(places)]
        _copy(
            rows,
            "organisation (id, kind, name, official_code)",
            ((key, "municipality", f"{n}", f"{n}") for n, key in enumerate(municipalities)),
        )
        born = [clock.today() - timedelta(chance.randrange(400, 13 * 365)) for _ in range(count)]
        people = [new_id() for _ in range(count)]
        children = [new_id() for _ in range(count)]
        _copy(
            rows,
            "person (id, family_name, given_name, family_kana, given_kana, born_on, sex)",
            (
                (key, "例", str(n), "れい", str(n), on, chance.choice(("male", "female")))
                for n, (key, on) in enumerate(zip(people, born, strict=True))
            ),
        )
        _copy(
            rows,
            "child (id, person_id, municipality_id, handbook_number)",
            (
                (key, person, municipalities[n % places], str(n))
                for n, (key, person) in enumerate(zip(children, people, strict=True))
            ),
        )
        _copy(
            rows,
            "dose (id, child_id, product, given_on, lineage_id, version, voided, source,"
            " recorded_at)",
            _doses(chance, template, children, born),
        )
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE")


def _doses(
    chance: random.Random,
    template: list[tuple[str, int]],
    children: list[UUID],
    born: list[date],
) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for child, born_on in zip(children, born, strict=True):
        delay = 0
        for product, age in template:
            delay += int(chance.expovariate(1 / 8))
            key = new_id()
            yield (
                key,
                child,
                _of_its_time(product, born_on + timedelta(age + delay)),
                min(born_on + timedelta(age + delay), now.date()),
                key,
                1,
                False,
                "health_center",
                now,
            )


def _of_its_time(product: str, on: date) -> str:
    if product == "DPT_IPV_HIB" and on < date(2024, 4, 1):
        return "DPT_IPV"
    return "PCV13" if product == "PCV20" and on < date(2024, 10, 1) else product


def _copy(
    rows: Cursor[tuple[object, ...]], into: str, values: Iterator[tuple[object, ...]]
) -> None:
    with rows.copy(f"COPY {into} FROM STDIN") as copy:
        for value in values:
            copy.write_row(value)


if __name__ == "__main__":
    for name, figure in nightly(int(sys.argv[1])).items():
        sys.stdout.write(f"{name:40} {figure:>12,}\n")
