"""Tables of what speaks against one vaccine for one child: the family's no, a contraindication.

They stop reminders, never the forecast. ``group`` is a vaccine of the schedule.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Refusal(Base):
    """The family does not want this vaccine and no letters about it."""

    __tablename__ = "refusal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    group: Mapped[str] = mapped_column(String(24))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class Contraindication(Base):
    """A physician spoke against this vaccine (予防接種法施行規則 2条), for a time or for good."""

    __tablename__ = "contraindication"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    group: Mapped[str] = mapped_column(String(24))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
