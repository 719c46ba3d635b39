"""Over a real Redis: one worker is killed between two letters, a second one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from threading import Semaphore
from typing import TYPE_CHECKING

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from pydantic import SecretStr

from app.jobs.models import JobRun
from app.jobs.workers import DELIVERIES, NIGHTLY, PART, make_celery
from app.messagebox.models import Letter
from app.notifications.models import ChannelKind
from app.reminders.models import Reminder
from config.settings import ROOT
from tests.app.jobs.test_killed import let_leases_run_out
from tests.app.ledger import all_of
from tests.app.told import channel_of, mailer_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

    from tests.app.told import Mails
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LETTERS = 3


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test alone, on a socket in its folder."""
    socket = tmp_path / "r.sock"
    command = ["/usr/bin/redis-server", "--port", "0", "--unixsocket", str(socket)]
    with subprocess.Popen(  # noqa: S603 - a program of the distribution
        [*command, "--save", "", "--dir", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert any("ready to accept connections" in line.lower() for line in server.stdout)
        yield f"redis+socket://{socket}"
        server.terminate()


@pytest.fixture
def brokered(portal: Flask, mails: Mails, broker: str, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The portal with that broker and the mail server of this test."""
    settings = portal.extensions["settings"]
    changes = {"jobs_broker": SecretStr(broker), "reminder_hour": 0}
    monkeypatch.setitem(portal.extensions, "settings", settings.model_copy(update=changes))
    carriers = {ChannelKind.MAIL: mailer_to(mails.port)}
    monkeypatch.setitem(portal.extensions, "carriers", carriers)
    return portal


def test_a_second_worker_goes_on_where_a_killed_one_stopped(
    brokered: Flask, world: World, mails: Mails, broker: str, database: str
) -> None:
    settings = brokered.extensions["settings"]
    channel_of(world["mother"], brokered.extensions["sealer"])
    celery = make_celery(brokered)
    celery.send_task(NIGHTLY)
    module = "tests.app.jobs.dying_worker"
    dead = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", module, broker, database, str(settings.sealing_keys),
         str(mails.port)],
        cwd=ROOT, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()
    assert len(all_of(Letter)) < LETTERS
    assert mails.received() == []
    let_leases_run_out()
    ended = Semaphore(0)

    def count(**_: object) -> None:
        ended.release()

    task_postrun.connect(count)
    with start_worker(celery, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        for name in (NIGHTLY, PART, PART):
            celery.send_task(name)
        while any(run.finished_at is None for run in all_of(JobRun)):
            assert ended.acquire(timeout=20)
    celery.tasks[DELIVERIES].apply(throw=True)
    assert [row for row in all_of(Reminder) if row.sent_at is None] == []
    assert len(all_of(Letter)) == LETTERS
    assert set(Counter(row.account_id for row in all_of(Letter)).values()) == {1}
    assert len(mails.received()) == 1
