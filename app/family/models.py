"""Tables of the family."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Base
from app.family.district import LONGEST_DISTRICT
from app.identity.models import Person


class GuardianshipBasis(StrEnum):
    """Why somebody may decide for a child (民法 818, 838; 児童福祉法 47)."""

    PARENTAL_AUTHORITY = "parental_authority"
    GUARDIAN_OF_MINOR = "guardian_of_minor"
    FOSTER = "foster"


class Guardianship(Base):
    """One guardian of one child, from one day to another (both inclusive)."""

    __tablename__ = "guardianship"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    basis: Mapped[GuardianshipBasis]
    from_on: Mapped[date]
    until_on: Mapped[date | None]

    def in_force_on(self, day: date) -> bool:
        """Whether the guardianship holds on this day."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


class Child(Base):
    """A child with a handbook, kept by the municipality of residence.

    ``district``: the part of the municipality, in its own words.
    """

    __tablename__ = "child"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), unique=True)
    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    handbook_number: Mapped[str] = mapped_column(String(24), unique=True)
    district: Mapped[str | None] = mapped_column(String(LONGEST_DISTRICT))

    person: Mapped[Person] = relationship(lazy="joined")
    guardianships: Mapped[list[Guardianship]] = relationship(lazy="selectin")

    @property
    def guardian_account_ids(self) -> frozenset[UUID]:
        """Accounts that guard this child today."""
        today = clock.today()
        return frozenset(g.account_id for g in self.guardianships if g.in_force_on(today))
