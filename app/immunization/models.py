"""Tables of immunization: doses (接種記録), entry of many, lots, worklist, imports."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.provenance import Provenance, Source
from app.immunization.results import Status


class BulkKind(StrEnum):
    """How many doses came in at once."""

    CLINIC_DAY = "clinic_day"
    IMPORT = "import"


class BulkEntry(Base):
    """One act that recorded many doses. Its id comes from the form, so that it happens once.

    It is taken back in steps: ``undone_doses`` of them so far; all when ``undone_at`` is written.
    """

    __tablename__ = "bulk_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[BulkKind]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime]
    doses: Mapped[int] = mapped_column(Integer)
    deferrals: Mapped[int] = mapped_column(Integer)
    undo_started_at: Mapped[datetime | None]
    undo_reason: Mapped[str | None] = mapped_column(String(200))
    undone_doses: Mapped[int] = mapped_column(Integer, default=0)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class Dose(Provenance, Base):
    """One version of one administered dose. Its verdict is computed, never stored."""

    __tablename__ = "dose"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    product: Mapped[str] = mapped_column(String(24))
    given_on: Mapped[date]
    lot: Mapped[str | None] = mapped_column(String(32))
    facility: Mapped[str | None] = mapped_column(String(100))
    bulk_entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulk_entry.id"), index=True)


class Deferral(Base):
    """A shot that was planned for a day and not given, and why (接種見合わせ)."""

    __tablename__ = "deferral"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    product: Mapped[str] = mapped_column(String(24))
    planned_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime]
    bulk_entry_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_entry.id"))


class VaccineLot(Base):
    """A lot that a health center used. ``gtin`` and ``expires_on`` stood in the box's barcode."""

    __tablename__ = "vaccine_lot"
    __table_args__ = (UniqueConstraint("organisation_id", "product", "lot"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    product: Mapped[str] = mapped_column(String(24))
    lot: Mapped[str] = mapped_column(String(32))
    gtin: Mapped[str | None] = mapped_column(String(14))
    expires_on: Mapped[date | None]
    used_on: Mapped[date]


class VaccineDue(Base):
    """Where one vaccine of one child stood on ``as_of``: a projection, made anew at any time.

    Only what asks for something has a row: nothing that is complete, not for this child or not yet
    possible. ``deadline``: the last day to start and still finish, else the last legal day; where
    an earlier dose needs a review, the day of that dose. ``unconfirmed``: it would stand elsewhere
    without doses that only the family has written; what is complete has a row for this alone.
    """

    __tablename__ = "vaccine_due"
    __table_args__ = (Index("ix_vaccine_due_list", "organisation_id", "status", "deadline"),)

    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), primary_key=True)
    vaccine: Mapped[str] = mapped_column(String(24), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    status: Mapped[Status]
    deadline: Mapped[date]
    next_number: Mapped[int | None] = mapped_column(Integer)
    unconfirmed: Mapped[bool] = mapped_column(default=False)
    as_of: Mapped[date]


class ImportState(StrEnum):
    """How far an uploaded file has come.

    ``WRITING``: its doses come in, seen by nobody. ``LISTING``: seen; the worklist follows.
    """

    COLUMNS = "columns"
    CHECKING = "checking"
    READY = "ready"
    WRITING = "writing"
    LISTING = "listing"
    IMPORTED = "imported"
    UNDONE = "undone"
    DISCARDED = "discarded"


class DoseImport(Base):
    """One uploaded file of doses. Its parts go when it is imported, discarded or too old."""

    __tablename__ = "dose_import"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[ImportState]
    encoding: Mapped[str] = mapped_column(String(16))
    header: Mapped[list[str]] = mapped_column(JSON)
    columns: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    rows: Mapped[int] = mapped_column(Integer)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    bulk_entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulk_entry.id"))
    source: Mapped[Source | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    cursor: Mapped[UUID | None]


class DoseImportPart(Base):
    """Some thousand rows of the file and what was found in them, both sealed."""

    __tablename__ = "dose_import_part"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("dose_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    findings: Mapped[bytes | None] = mapped_column(LargeBinary)


class ImportColumns(Base):
    """Which column of a file means what, remembered per heading line."""

    __tablename__ = "import_columns"
    __table_args__ = (UniqueConstraint("organisation_id", "header_digest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    header_digest: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
