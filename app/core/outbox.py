"""What one feature tells another that stands above it, or the world: a row in the same transaction.

The row is the truth. Whoever delivers may be killed at any moment: a row stays until its handler
has returned, and a handler takes the same row twice without a second effect (it is given the id).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import JSON, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, reading, transaction
from app.core.errors import TsunaguError
from app.core.ids import new_id

log = structlog.get_logger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
BATCH = 200


class OutboxMessage(Base):
    """One thing to be told. ``payload`` holds ids and codes, never health data or names."""

    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True)
class Told:
    """What a handler gets. ``id`` stays the same in every attempt."""

    id: UUID
    topic: str
    payload: Mapping[str, Any]


Handler: TypeAlias = Callable[[Told], None]
"""Raises a ``TsunaguError`` when it should be tried again later."""


@dataclass(frozen=True)
class Delivery:
    """One round: how many were told, how many wait for another attempt."""

    told: int = 0
    postponed: int = 0


def tell(session: Session, topic: str, payload: Mapping[str, Any]) -> UUID:
    """Write a message in the transaction of the change it tells of. Its id."""
    now = clock.now()
    row = OutboxMessage(
        id=new_id(), topic=topic, payload=dict(payload), created_at=now, due_at=now, attempts=0
    )
    session.add(row)
    return row.id


def deliver(handlers: Mapping[str, Handler]) -> Delivery:
    """Hand out what is due on these topics, oldest first, until nothing due is left."""
    told = postponed = 0
    while batch := _due(tuple(handlers)):
        for message in batch:
            if _hand_out(message, handlers[message.topic]):
                told += 1
            else:
                postponed += 1
    return Delivery(told, postponed)


def _due(topics: tuple[str, ...]) -> list[Told]:
    statement = (
        select(OutboxMessage)
        .where(OutboxMessage.topic.in_(topics), OutboxMessage.due_at <= clock.now())
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(BATCH)
    )
    with reading() as session:
        return [Told(row.id, row.topic, row.payload) for row in session.scalars(statement)]


def _hand_out(message: Told, handler: Handler) -> bool:
    try:
        handler(message)
    except TsunaguError as error:
        _postpone(message.id, error.code)
        return False
    with transaction() as session:
        row = session.get(OutboxMessage, message.id)
        if row is not None:
            session.delete(row)
    return True


def _postpone(message_id: UUID, code: str) -> None:
    with transaction() as session:
        row = session.get(OutboxMessage, message_id)
        if row is None:
            return
        row.attempts += 1
        row.failure = code
        row.due_at = clock.now() + min(FIRST_RETRY * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)
        log.warning("outbox.postponed", topic=row.topic, attempts=row.attempts, code=code)
