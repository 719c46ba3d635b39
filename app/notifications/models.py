"""Tables of notifications: where a person wants to be told, and the ledger of every telling."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ChannelKind(StrEnum):
    """How somebody is told."""

    MAIL = "mail"
    WEB_PUSH = "web_push"


class Channel(Base):
    """One way to tell one person. Mail counts once its address was confirmed from its own mailbox.

    ``sealed_address``: JSON ``{"address": …}`` with the mail address or the push subscription,
    bound to the row. ``bounced_at``: the other side said for good that nobody is there.
    """

    __tablename__ = "channel"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[ChannelKind]
    language: Mapped[str] = mapped_column(String(8))
    sealed_address: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime]
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]

    @property
    def is_live(self) -> bool:
        """Whether anything but the confirmation itself may be sent there."""
        return self.confirmed_at is not None and self.bounced_at is None and self.removed_at is None


class DeliveryKind(StrEnum):
    """What is told. None of them carries health data, a child's name, or a number."""

    REMINDER = "reminder"
    CREDENTIAL = "credential"
    CONFIRMATION = "confirmation"


class Delivery(Base):
    """One telling through one channel. The row is the truth; the message's id is the row's id.

    Claimed by one conditional UPDATE that moves ``due_at`` into the future, before anything is
    sent. Whoever is killed in between leaves a row that comes due again, and the second message
    has the same Message-ID or push tag, so that the reader has it once.
    """

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("channel_id", "occasion"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[DeliveryKind]
    occasion: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(Integer)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(40))
