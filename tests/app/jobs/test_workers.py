"""Celery is a nudge: a real worker does the same round, and twice the same nudge is harmless."""

from __future__ import annotations

from threading import Semaphore
from typing import TYPE_CHECKING

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from pydantic import SecretStr

from app.core.errors import Misconfigured
from app.jobs.models import JobRun
from app.jobs.workers import DELIVERIES, NIGHTLY, PART, make_celery
from app.messagebox.models import Letter
from app.notifications.models import ChannelKind, Delivery
from tests.app.ledger import all_of
from tests.app.told import channel_of, mailer_to

if TYPE_CHECKING:
    from flask import Flask

    from tests.app.told import Mails
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def brokered(portal: Flask, mails: Mails, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The portal with a broker in this process and the mail server of this test."""
    settings = portal.extensions["settings"]
    changes = {"jobs_broker": SecretStr("memory://"), "reminder_hour": 0}
    monkeypatch.setitem(portal.extensions, "settings", settings.model_copy(update=changes))
    carriers = {ChannelKind.MAIL: mailer_to(mails.port)}
    monkeypatch.setitem(portal.extensions, "carriers", carriers)
    return portal


def test_a_worker_does_the_round_and_a_second_nudge_changes_nothing(
    brokered: Flask, world: World, mails: Mails
) -> None:
    channel_of(world["mother"], brokered.extensions["sealer"])
    celery = make_celery(brokered)
    ended = Semaphore(0)

    def count(**_: object) -> None:
        ended.release()

    task_postrun.connect(count)
    with start_worker(celery, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        for name in (NIGHTLY, NIGHTLY, PART, PART):
            celery.send_task(name)
        while not all_of(JobRun) or any(run.finished_at is None for run in all_of(JobRun)):
            assert ended.acquire(timeout=20)
    for name in (PART, DELIVERIES, DELIVERIES):
        celery.tasks[name].apply(throw=True)
    assert all(run.finished_at for run in all_of(JobRun))
    assert len(all_of(Letter)) == 3
    assert len(mails.received()) == 1
    assert all(row.sent_at for row in all_of(Delivery))


def test_each_application_has_its_own_office(
    brokered: Flask, world: World, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as former:
        closed = {ChannelKind.MAIL: mailer_to(1)}
        former.setitem(brokered.extensions, "carriers", closed)
        assert make_celery(brokered).tasks
    channel_of(world["mother"], brokered.extensions["sealer"])
    celery = make_celery(brokered)
    for name in (NIGHTLY, PART, PART, DELIVERIES):
        celery.tasks[name].apply(throw=True)
    assert len(mails.received()) == 1


def test_without_a_broker_there_are_no_workers(portal: Flask) -> None:
    with pytest.raises(Misconfigured, match="TSUNAGU_JOBS_BROKER"):
        make_celery(portal)
