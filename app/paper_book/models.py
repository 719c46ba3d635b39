"""Tables of the paper book."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Attachment(Base):
    """A photo of the page a dose was copied from.

    ``lineage_id`` names the dose through all its versions. ``sealed_image``: JPEG without metadata,
    bound to the row; empty once removed.
    """

    __tablename__ = "attachment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), index=True)
    lineage_id: Mapped[UUID] = mapped_column(index=True)
    sealed_image: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_at: Mapped[datetime]
    added_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    removed_at: Mapped[datetime | None]
