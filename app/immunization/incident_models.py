"""Tables of reports of wrong vaccinations (間違い接種)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Incident(Base):
    """A report of a wrong vaccination, begun for staff. One for each dose (``lineage_id``).

    ``answers``: what the newest version holds, sealed; empty while nobody has written anything.
    """

    __tablename__ = "incident"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lineage_id: Mapped[UUID] = mapped_column(unique=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class IncidentVersion(Base):
    """What a report said at one time; kept for good. ``answers``: facts and answers, sealed."""

    __tablename__ = "incident_version"

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32))
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    completed: Mapped[bool]
    written_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]
