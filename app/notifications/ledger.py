"""The ledger of tellings: written with the change, claimed before sending, closed after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.ids import new_id
from app.notifications.models import Channel, Delivery, DeliveryKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=6)
LIFE = timedelta(days=3)
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Claim:
    """A delivery that is ours until the lease ends."""

    id: UUID
    channel_id: UUID
    account_id: UUID
    kind: DeliveryKind
    occasion: str
    created_at: datetime
    attempts: int


def enqueue(
    session: Session, channels: Iterable[Channel], kind: DeliveryKind, occasion: str
) -> None:
    """Write one delivery for each channel; an occasion that is there already stays as it is."""
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "channel_id": channel.id,
            "account_id": channel.account_id,
            "kind": kind,
            "occasion": occasion,
            "created_at": now,
            "due_at": now,
            "attempts": 0,
        }
        for channel in channels
    ]
    if rows:
        insert = _INSERT[session.get_bind().dialect.name]
        session.execute(insert(Delivery).values(rows).on_conflict_do_nothing())


def claim(session: Session, row: Delivery, at: datetime) -> Claim | None:
    """Make one due delivery ours, by one conditional UPDATE; None when somebody was faster."""
    taken = session.execute(
        update(Delivery)
        .where(Delivery.id == row.id, Delivery.due_at <= at)
        .values(due_at=at + LEASE, claimed_at=at, attempts=Delivery.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    if not getattr(taken, "rowcount", 0):
        return None
    return Claim(
        row.id,
        row.channel_id,
        row.account_id,
        row.kind,
        row.occasion,
        row.created_at,
        row.attempts + 1,
    )


def mark_sent(session: Session, delivery_id: UUID) -> None:
    """It was handed over."""
    row = session.get_one(Delivery, delivery_id, with_for_update=True)
    row.sent_at, row.due_at, row.failure = clock.now(), None, None


def mark_ended(session: Session, delivery_id: UUID, why: str) -> None:
    """It will not be sent: nobody is there, or nothing is left to say."""
    row = session.get_one(Delivery, delivery_id, with_for_update=True)
    row.ended_at, row.due_at, row.failure = clock.now(), None, why[:40]


def postpone(session: Session, claimed: Claim, why: str) -> None:
    """It is tried again later, and given up after three days."""
    if clock.now() - claimed.created_at > LIFE:
        mark_ended(session, claimed.id, why)
        return
    row = session.get_one(Delivery, claimed.id, with_for_update=True)
    wait = min(FIRST_RETRY * 2 ** min(claimed.attempts - 1, 12), LONGEST_RETRY)
    row.due_at, row.failure = clock.now() + wait, why[:40]
