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
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

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
    from uuid import UUID

FAMILIES = 3_000
PROCESSES = 2
SIBLINGS = 2
LOOK_AGAIN_SECONDS = 0.02
PARENTS_AT_ONCE = 5_000
READ_AT_ONCE = 2_000


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
    with db.reading() as session:
        children = iter(session.scalars(select(Child.id).order_by(Child.id)).all())
    while part := list(islice(children, PARENTS_AT_ONCE * SIBLINGS)):
        families = [part[first : first + SIBLINGS] for first in range(0, len(part), SIBLINGS)]
        people = [(new_id(), new_id()) for _ in families]
        with db.transaction() as session:
            session.execute(insert(Person), [_parent(person) for person, _ in people])
            session.execute(
                insert(Account),
                [
                    {"id": account, "person_id": person, "created_at": clock.now()}
                    for person, account in people
                ],
            )
            session.execute(
                insert(Guardianship),
                [
                    _guardianship(account, child)
                    for (_, account), siblings in zip(people, families, strict=True)
                    for child in siblings
                ],
            )


def _parent(person: UUID) -> dict[str, Any]:
    return {
        "id": person,
        "family_name": "例",
        "given_name": "親",
        "family_kana": "れい",
        "given_kana": "おや",
        "born_on": date(1990, 1, 1),
        "sex": Sex.FEMALE,
    }


def _guardianship(account: UUID, child: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": account,
        "child_id": child,
        "basis": GuardianshipBasis.PARENTAL_AUTHORITY,
        "from_on": date(2013, 1, 1),
    }


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
    said: Counter[tuple[str, str, str, str]] = Counter()
    by_family: Counter[UUID] = Counter()
    with db.reading() as session:
        for letter in session.scalars(select(Letter).execution_options(yield_per=READ_AT_ONCE)):
            by_family[letter.account_id] += 1
            said.update(
                (item["child"], item["group"], item["target"], item["stage"])
                for item in read_letter(letter, sealer)["items"]
            )
        columns = (Reminder.child_id, Reminder.group, Reminder.target, Reminder.stage)
        known = {
            (str(child), group, target, stage.value)
            for child, group, target, stage in session.execute(
                select(*columns).execution_options(yield_per=READ_AT_ONCE)
            )
        }
        unfinished = session.scalars(select(JobRun).where(JobRun.finished_at.is_(None))).all()
        reminders = session.scalar(select(func.count()).select_from(Reminder)) or 0
    return {
        "reminders": reminders,
        "letters": sum(by_family.values()),
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
