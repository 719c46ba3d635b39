"""Tables of what a family's situation asks for: who may not know, who lives elsewhere, silence.

Each row has its days (both inclusive; no end means until further notice) and who decided.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class RestrictionKind(StrEnum):
    """Why one guardian gets nothing about a child."""

    VIOLENCE = "violence"
    CUSTODY = "custody"
    NO_CONTACT = "no_contact"


class Restriction(Base):
    """One account that is told nothing about one child. Beats guardianship."""

    __tablename__ = "restriction"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[RestrictionKind]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class Residence(Base):
    """Which municipality was responsible on a day. Rows that have all ended: moved away."""

    __tablename__ = "residence"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]


class QuietReason(StrEnum):
    """Why nobody writes to the family about a child."""

    LOSS = "loss"
    DECEASED = "deceased"
    HOSPITAL = "hospital"
    ASKED = "asked"


class QuietPeriod(Base):
    """Silence about one child: set first, explained later, can be ended."""

    __tablename__ = "quiet_period"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    reason: Mapped[QuietReason]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
