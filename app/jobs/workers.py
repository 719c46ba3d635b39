"""The same work on many machines, through Celery. A task is only a nudge: the rows decide.

A lost task loses nothing, since the next round nudges again; a doubled one finds nothing to take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import Celery

from app.core import clock, outbox
from app.core.errors import Misconfigured
from app.jobs import runs
from app.jobs.work import HANDLERS, Office, nightly, open_parts
from app.notifications.sending import send_due

if TYPE_CHECKING:
    from flask import Flask

ROUND_SECONDS = 60
LONGEST_TASK_SECONDS = 4 * 3600

OUTBOX, NIGHTLY, PART, DELIVERIES = (
    f"tsunagu.{name}" for name in ("outbox", "nightly", "part", "deliveries")
)


def make_celery(app: Flask) -> Celery:
    """A Celery application over the portal. Raises ``Misconfigured`` without a broker."""
    broker = app.extensions["settings"].jobs_broker.get_secret_value()
    if not broker:
        raise Misconfigured("TSUNAGU_JOBS_BROKER names no broker; `flask jobs run` needs none")
    celery = Celery("tsunagu", broker=broker)
    celery.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        task_time_limit=LONGEST_TASK_SECONDS,
        broker_connection_retry_on_startup=True,
        beat_schedule={
            name: {"task": name, "schedule": ROUND_SECONDS}
            for name in (OUTBOX, NIGHTLY, DELIVERIES)
        },
    )
    _add_tasks(celery, app)
    return celery


def _add_tasks(celery: Celery, app: Flask) -> None:
    office = Office.of(app)

    def told() -> None:
        outbox.deliver(HANDLERS)

    def nudge() -> None:
        """One task for each part that nobody holds, so that every worker gets some."""
        day = clock.today()
        runs.open_day(day)
        for _ in range(open_parts(day)):
            celery.send_task(PART)

    def part() -> None:
        nightly(office, clock.now(), parts=1)

    def deliveries() -> None:
        send_due(office.post)

    for name, work in ((OUTBOX, told), (NIGHTLY, nudge), (PART, part), (DELIVERIES, deliveries)):
        celery.task(work, name=name, shared=False)
