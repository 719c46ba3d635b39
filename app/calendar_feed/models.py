"""Tables of calendar feeds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class FeedWords(StrEnum):
    """What an entry says: only that there is one, or for whom and which vaccines."""

    PLAIN = "plain"
    NAMES = "names"


class CalendarFeed(Base):
    """One address under which one person's calendar can be read; only its hash is kept.

    ``entries``: what was published last, by UID: day, digest, sequence number, instant of change.
    """

    __tablename__ = "calendar_feed"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    words: Mapped[FeedWords]
    language: Mapped[str] = mapped_column(String(8))
    entries: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_at: Mapped[datetime]
    last_read_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
