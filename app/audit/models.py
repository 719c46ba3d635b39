"""Tables of the audit chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class AuditEvent(Base):
    """One event. ``hash`` covers every other column and the hash of the event before it."""

    __tablename__ = "audit_event"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    id: Mapped[UUID] = mapped_column(unique=True)
    recorded_at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(16))
    agent_id: Mapped[UUID | None]
    agent_kind: Mapped[str] = mapped_column(String(16))
    agent_organisation_id: Mapped[UUID | None]
    entity_kind: Mapped[str] = mapped_column(String(32))
    entity_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The last link. Its row lock puts writers in line; its hash is what a witness keeps."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
