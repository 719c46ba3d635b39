"""Tables of the handbook used so far: checkups (健診) and measurements (計測)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.provenance import Provenance
from app.handbook.growth_reference import Measure


class Measurement(Provenance, Base):
    """One version of one measured value: weight in grams, lengths in millimetres."""

    __tablename__ = "measurement"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    measure: Mapped[Measure]
    measured_on: Mapped[date]
    value: Mapped[int] = mapped_column(Integer)


class Checkup(Provenance, Base):
    """One version of one health checkup (母子保健法 12条, 13条)."""

    __tablename__ = "checkup"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    page: Mapped[str] = mapped_column(String(32))
    performed_on: Mapped[date]
    judgement: Mapped[str] = mapped_column(String(24))
    facility: Mapped[str | None] = mapped_column(String(100))
