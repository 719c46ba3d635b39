"""Who wrote a value, and which version of it this is. Nothing is overwritten."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column


class Source(StrEnum):
    """The seal shown beside a value."""

    HEALTH_CENTER = "health_center"
    CLINIC = "clinic"
    SCHOOL = "school"
    GUARDIAN = "guardian"


class Provenance:
    """Columns of every value in a handbook: one row is one version.

    A correction adds a row with the same ``lineage_id`` and the next ``version``, and marks the
    old one ``superseded_at``. A void is a last version with ``voided`` set. The current value is
    the row that is neither superseded nor voided.
    """

    lineage_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(Integer)
    superseded_at: Mapped[datetime | None]
    voided: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(200))
    source: Mapped[Source]
    recorded_at: Mapped[datetime]

    @declared_attr
    def recorded_by(cls) -> Mapped[UUID | None]:  # noqa: N805 - SQLAlchemy hands the class
        """Account of the person who typed it; None for an import."""
        return mapped_column(ForeignKey("account.id"))

    @declared_attr
    def organisation_id(cls) -> Mapped[UUID | None]:  # noqa: N805
        """The organisation in whose name it was written."""
        return mapped_column(ForeignKey("organisation.id"))
