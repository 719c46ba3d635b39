"""A night whose workers are killed with SIGKILL, twice: ``python -m bench.nightly_killed [N]``.

``N`` families with two children on a PostgreSQL of our own. The first pair of workers dies while it
plans, the second while it writes letters, the third goes on to the end. Then every letter is
opened and compared with the ledger. Ends with status 1 unless each family has one letter and each
reminder stands in exactly one.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import date, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from app.core import clock, db
from app.core.ids import new_id
from app.crypto.sealing import Sealer, new_sealing_key
from app.family.models import Child, Guardianship, GuardianshipBasis
from app.identity.models import Account, Person, Sex
from app.jobs import runs
from app.jobs.models import JobName, JobRun
from app.jobs.work import Office, work_through
from app.messagebox.models import Letter
from app.messagebox.posting import read_letter
from app.notifications.sending import Post
from app.reminders.models import Reminder
from app.reminders.wanted import still_wanted
from bench import nightly
from bench.cluster import cluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

FAMILIES = 3_000
PROCESSES = 2
SIBLINGS = 2
LOOK_AGAIN_SECONDS = 0.02


def killed_twice(families: int) -> dict[str, int]:
    """Counts after the night; ``families_not_told_once`` and ``reminders_not_told_once`` are 0."""
    key = new_sealing_key()
    with cluster() as url:
        nightly.migrate(url)
        nightly.fill(url, families * SIBLINGS)
        db.bind(db.make_engine(url))
        _give_parents()
        day = clock.today()
        runs.open_day(day)
        _kill_once(url, key, day, lambda: _count(Reminder) > families // 4)
        planned_before = _count(Reminder)
        _kill_once(url, key, day, lambda: _count(Letter) > families // 4)
        letters_before = _count(Letter)
        for worker in _workers(url, key, day):
            worker.join()
        return {
            "families": families,
            "planned_when_killed": planned_before,
            "letters_when_killed": letters_before,
            **_told(Sealer.of(key)),
        }


def _give_parents() -> None:
    with db.transaction() as session:
        children = session.scalars(select(Child.id).order_by(Child.id)).all()
        for first in range(0, len(children), SIBLINGS):
            parent, account = _parent(), new_id()
            session.add(parent)
            session.flush()
            session.add(Account(id=account, person_id=parent.id, created_at=clock.now()))
            session.flush()
            session.add_all(
                Guardianship(
                    id=new_id(),
                    account_id=account,
                    child_id=child,
                    basis=GuardianshipBasis.PARENTAL_AUTHORITY,
                    from_on=date(2013, 1, 1),
                )
                for child in children[first : first + SIBLINGS]
            )


def _parent() -> Person:
    return Person(
        id=new_id(),
        family_name="例",
        given_name="親",
        family_kana="れい",
        given_kana="おや",
        born_on=date(1990, 1, 1),
        sex=Sex.FEMALE,
    )


def _workers(url: str, key: bytes, day: date) -> list[SpawnProcess]:
    processes = get_context("spawn")
    workers = [processes.Process(target=_work, args=(url, key, day)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    return workers


def _work(url: str, key: bytes, day: date) -> None:
    db.bind(db.make_engine(url))
    post = Post(carriers={}, sealer=Sealer.of(key), origin="", still_wanted=still_wanted)
    for name in (JobName.PLAN_REMINDERS, JobName.SEND_REMINDERS):
        work_through(name, Office(post, 0), day)


def _kill_once(url: str, key: bytes, day: date, moment: Callable[[], bool]) -> None:
    workers = _workers(url, key, day)
    while not moment():
        if not any(worker.is_alive() for worker in workers):
            raise SystemExit("the night was over before its workers were killed: more families")
        time.sleep(LOOK_AGAIN_SECONDS)
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()
    past = clock.now() - timedelta(minutes=5)
    with db.transaction() as session:
        session.execute(
            update(JobRun).where(JobRun.held_until.is_not(None)).values(held_until=past)
        )


def _count(table: type[Reminder | Letter]) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _told(sealer: Sealer) -> dict[str, int]:
    with db.reading() as session:
        letters = session.scalars(select(Letter)).all()
        ledger = session.scalars(select(Reminder)).all()
        unfinished = session.scalars(select(JobRun).where(JobRun.finished_at.is_(None))).all()
    said = Counter(
        (item["child"], item["group"], item["target"], item["stage"])
        for letter in letters
        for item in read_letter(letter, sealer)["items"]
    )
    known = {(str(row.child_id), row.group, row.target, row.stage.value) for row in ledger}
    by_family = Counter(letter.account_id for letter in letters)
    return {
        "reminders": len(ledger),
        "letters": len(letters),
        "runs_unfinished": len(unfinished),
        "families_not_told_once": sum(count != 1 for count in by_family.values()),
        "reminders_not_told_once": sum(said[key] != 1 for key in known | said.keys()),
    }


def main() -> int:
    """Read the command line; 1 when anything was told twice or not at all."""
    figures = killed_twice(int(sys.argv[1]) if len(sys.argv) > 1 else FAMILIES)
    for name, value in figures.items():
        sys.stdout.write(f"{name:40} {value:>12,}\n")
    faults = ("runs_unfinished", "families_not_told_once", "reminders_not_told_once")
    return int(any(figures[name] for name in faults))


if __name__ == "__main__":
    sys.exit(main())
