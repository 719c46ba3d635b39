"""Table of applications for use (利用申請): signed, decided, kept as sealed evidence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.identity.application_text import Intent


class RegistrationState(StrEnum):
    """Where an application stands."""

    WAITING = "waiting"
    COMPLETED = "completed"
    DECLINED = "declined"
    SUPERSEDED = "superseded"


class Registration(Base):
    """One signed application and the two certificates it binds.

    ``evidence`` is sealed (``app/identity/evidence.py``). ``organisation_id`` is the municipality
    whose desk decides where the portal could not; ``doubts`` say why.
    """

    __tablename__ = "registration"
    __table_args__ = (Index("ix_registration_auth", "auth_issuer_key_id", "auth_serial"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[RegistrationState]
    intent: Mapped[Intent]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    doubts: Mapped[list[str]] = mapped_column(JSON)
    signed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    auth_issuer_key_id: Mapped[str] = mapped_column(String(64))
    auth_serial: Mapped[str] = mapped_column(String(64))
    auth_not_after: Mapped[datetime]
    sign_issuer_key_id: Mapped[str] = mapped_column(String(64))
    sign_serial: Mapped[str] = mapped_column(String(64))
    sign_not_after: Mapped[datetime]
    evidence: Mapped[bytes] = mapped_column(LargeBinary)
