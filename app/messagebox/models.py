"""The table of letters."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class LetterKind(StrEnum):
    """What a letter is about; names the template that shows it."""

    REMINDER = "reminder"


class Letter(Base):
    """One letter to one person. ``occasion`` names what it was sent for, once a person.

    ``sealed_body``: JSON of the kind, bound to the row; it holds ids and codes, no sentences, so
    that the letter speaks the language in which it is opened.
    """

    __tablename__ = "letter"
    __table_args__ = (
        UniqueConstraint("account_id", "occasion"),
        Index("ix_letter_account_id_sent_at", "account_id", "sent_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    sender_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[LetterKind]
    occasion: Mapped[str] = mapped_column(String(64))
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
