"""The table of doses (接種記録)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.provenance import Provenance


class Dose(Provenance, Base):
    """One version of one administered dose. Its verdict is computed, never stored."""

    __tablename__ = "dose"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    product: Mapped[str] = mapped_column(String(24))
    given_on: Mapped[date]
    lot: Mapped[str | None] = mapped_column(String(32))
    facility: Mapped[str | None] = mapped_column(String(100))
