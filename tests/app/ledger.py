"""Looking into the bound database from a test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from app.audit.models import AuditEvent
from app.core.db import Base, reading, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.audit.actions import Action

Row = TypeVar("Row", bound=Base)


def events(*actions: Action) -> Sequence[AuditEvent]:
    """Audit events of these actions, oldest first; all when none is named."""
    query = select(AuditEvent).order_by(AuditEvent.number)
    with reading() as session:
        return session.scalars(
            query.where(AuditEvent.action.in_(actions)) if actions else query
        ).all()


def all_of(kind: type[Row], **values: object) -> Sequence[Row]:
    """Every row with these values."""
    with reading() as session:
        return session.scalars(select(kind).filter_by(**values)).unique().all()


@contextmanager
def changing(kind: type[Row], **values: object) -> Iterator[Row]:
    """The one row with these values, to be changed inside the block."""
    with transaction() as session:
        yield session.scalars(select(kind).filter_by(**values)).unique().one()
