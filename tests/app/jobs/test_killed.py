"""Killed at any moment, run again: every family has each reminder once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from app.core import clock
from app.core.db import transaction
from app.jobs.models import JobRun
from app.jobs.work import one_round
from app.messagebox.models import Letter
from app.notifications.models import Delivery
from app.reminders.models import Reminder
from config.settings import ROOT
from tests.app.jobs.dying import MOMENTS
from tests.app.ledger import all_of
from tests.app.told import channel_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.jobs.work import Office
    from tests.app.told import Mails
    from tests.app.world import World

MAILS_BEFORE_THE_SECOND_RUN = {"planning": 0, "writing": 0, "before-mail": 0, "after-mail": 1}


def let_leases_run_out() -> None:
    """What two minutes do."""
    past = clock.now() - timedelta(minutes=5)
    with transaction() as session:
        session.execute(update(Delivery).where(Delivery.due_at.is_not(None)).values(due_at=past))
        session.execute(
            update(JobRun).where(JobRun.held_until.is_not(None)).values(held_until=past)
        )


@pytest.fixture
def dying(portal: Flask, mails: Mails, database: str) -> Callable[[str], None]:
    """Runs a worker that kills itself at a moment."""
    keys = str(portal.extensions["settings"].sealing_keys)

    def die(moment: str) -> None:
        arguments = [moment, database, keys, str(mails.port)]
        dead = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.app.jobs.dying", *arguments],
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()

    return die


@pytest.mark.parametrize(
    ("database", "moment"),
    [
        *(("sqlite", moment) for moment in MOMENTS),
        pytest.param("postgresql", "writing", marks=pytest.mark.postgresql),
    ],
    indirect=["database"],
)
def test_a_killed_worker_leaves_nothing_undone_and_nothing_doubled(
    moment: str, office: Office, world: World, dying: Callable[[str], None], mails: Mails
) -> None:
    for key in ("mother", "neighbour"):
        channel_of(world[key], office.post.sealer, f"{key}@example.jp")
    dying(moment)
    assert len(mails.received()) == MAILS_BEFORE_THE_SECOND_RUN[moment]
    one_round(office)
    let_leases_run_out()
    one_round(office)
    assert {row.finished_at is None for row in all_of(JobRun)} == {False}
    assert [row for row in all_of(Reminder) if row.sent_at is None] == []
    assert set(Counter(row.account_id for row in all_of(Letter)).values()) == {1}
    assert len(all_of(Letter)) == 3
    deliveries = all_of(Delivery)
    assert all(row.sent_at is not None for row in deliveries)
    by_id = Counter(str(mail["Message-ID"]) for mail in mails.received())
    assert set(by_id) == {f"<{row.id}@tsunagu.example>" for row in deliveries}
    assert len(by_id) == 2
    assert sum(by_id.values()) == 2 + MAILS_BEFORE_THE_SECOND_RUN[moment]
