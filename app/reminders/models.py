"""The ledger of reminders."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.reminders.plan import Stage


class Reminder(Base):
    """One reminder of one dose of one child: planned tonight, sent once or dropped.

    ``sent_at`` is set in the transaction that writes the letters and the deliveries, by one
    conditional UPDATE. ``on_paper``: nobody of the family would notice a letter in the box, so
    the health center prints one; ``printed_at`` says that it did.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("child_id", "group", "target", "stage"),
        Index("ix_reminder_municipality_id_sent_at", "municipality_id", "sent_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"))
    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    group: Mapped[str] = mapped_column(String(24))
    target: Mapped[str] = mapped_column(String(24))
    stage: Mapped[Stage]
    due_on: Mapped[date]
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    on_paper: Mapped[bool] = mapped_column(default=False)
    printed_at: Mapped[datetime | None]
