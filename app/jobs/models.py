"""The table of partitioned work."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class JobName(StrEnum):
    """Work that is done once a day for each municipality."""

    PLAN_REMINDERS = "plan_reminders"
    SEND_REMINDERS = "send_reminders"


class JobRun(Base):
    """One municipality's part of one day's work: how far it is, and who holds it until when.

    ``cursor``: the last child that is done. A worker takes a run by one conditional UPDATE of
    ``held_until``; one that dies leaves it to the next, which goes on behind the cursor.
    """

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("name", "municipality_id", "day"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[JobName]
    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    day: Mapped[date] = mapped_column(index=True)
    created_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer)
    cursor: Mapped[UUID | None]
    children: Mapped[int] = mapped_column(Integer)
    reminders: Mapped[int] = mapped_column(Integer)
    unreadable: Mapped[int] = mapped_column(Integer)
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(64))
