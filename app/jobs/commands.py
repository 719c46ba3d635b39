"""``flask --app wsgi jobs …``: run the work without a broker, look at it, take returned mail."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click
import structlog
from flask import current_app
from flask.cli import AppGroup

from app.core import clock
from app.core.db import reading
from app.jobs import queries
from app.jobs.figures import figures
from app.jobs.work import Office, one_round
from app.notifications.bounces import read_bounce
from app.notifications.sending import take_bounce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

log = structlog.get_logger(__name__)

jobs = AppGroup("jobs", help="Work without a request: outbox, reminders, deliveries.")

LARGEST_REPORT = 1024 * 1024


@jobs.command("run")
@click.option("--every", type=int, default=0, help="seconds between rounds; 0 runs one round")
def run(every: int) -> None:
    """Do everything that is due, once or until stopped. Needs no broker."""
    office = Office.of(current_app._get_current_object())  # type: ignore[attr-defined]
    with until_signal() as stopped_within:
        while not stopped_within(0):
            _round(office, keep_going=bool(every))
            if not every or stopped_within(every):
                break


@contextmanager
def until_signal() -> Iterator[Callable[[float], bool]]:
    """A wait of so many seconds that SIGINT and SIGTERM end; it tells whether one has come.

    By way of a pipe: a handler interrupts the program anywhere, and may take no lock.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def note(_signal: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):
            os.write(writing, b".")

    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in wanted]
    try:
        yield lambda seconds: bool(select.select([reading], [], [], seconds)[0])
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _round(office: Office, *, keep_going: bool) -> None:
    """One round; a fault ends this round and not the program, since the rows remember."""
    try:
        done = one_round(office)
    except Exception as fault:
        if not keep_going:
            raise
        log.exception("jobs.failed", kind=type(fault).__name__)
        return
    log.info(
        "jobs.round",
        told=done.told.told,
        planned=done.planned,
        reminded=done.sent,
        sent=done.deliveries.sent,
        postponed=done.deliveries.postponed,
        ended=done.deliveries.ended,
    )


@jobs.command("status")
def status() -> None:
    """How far today's work is."""
    with reading() as session:
        for name, value in figures(session, clock.now()).items():
            click.echo(f"{name:36} {value:>12,.0f}")
        for run_, place, children in queries.runs_of_day(session, clock.today()):
            state = "finished" if run_.finished_at else "open"
            progress = f"{run_.children}/{children}"
            click.echo(
                f"{run_.name.value:16} {state:9} {progress:>15} {run_.reminders:>8}  {place}"
            )


@jobs.command("bounce")
def bounce() -> None:
    """Take one report of non-delivery from standard input, as a mail server pipes it."""
    found = read_bounce(sys.stdin.buffer.read(LARGEST_REPORT))
    if found is None:
        click.echo("no report of a delivery that failed for good")
    elif take_bounce(found.delivery_id, found.status):
        click.echo(f"flagged: {found.delivery_id}")
    else:
        click.echo("no such delivery")
