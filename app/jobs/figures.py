"""What is counted, for the status command, the operator's page and Prometheus alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.jobs import queries
from app.messagebox.queries import letter_counts
from app.notifications.queries import delivery_counts, oldest_waiting
from app.reminders.queries import reminder_counts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

PREFIX = "tsunagu_"


def figures(session: Session, at: datetime) -> dict[str, float]:
    """Counts and ages (seconds) by name."""
    outbox, outbox_since = queries.outbox_waiting(session)
    planned, sent, paper = reminder_counts(session)
    letters, opened = letter_counts(session)
    deliveries = delivery_counts(session)
    runs, finished = queries.run_counts(session, clock.japanese_day(at))
    return {
        "outbox_waiting": outbox,
        "outbox_oldest_seconds": _age(outbox_since, at),
        "reminders_planned": planned,
        "reminders_sent": sent,
        "reminders_to_print": paper,
        "letters_sent": letters,
        "letters_opened": opened,
        "deliveries_waiting": deliveries["waiting"],
        "deliveries_sent": deliveries["sent"],
        "deliveries_ended": deliveries["ended"],
        "deliveries_oldest_seconds": _age(oldest_waiting(session), at),
        "job_runs_today": runs,
        "job_runs_finished_today": finished,
    }


def exposition(values: dict[str, float]) -> str:
    """The figures as Prometheus reads them (text exposition format 0.0.4)."""
    lines = []
    for name, value in values.items():
        lines += [f"# TYPE {PREFIX}{name} gauge", f"{PREFIX}{name} {value:g}"]
    return "\n".join(lines) + "\n"


def _age(since: datetime | None, at: datetime) -> float:
    return 0.0 if since is None else max(0.0, (at - since).total_seconds())
