"""Tables of the revocation store: one row per list, one per revoked serial."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

HEX_DIGEST = 64


class Crl(Base):
    """A verified revocation list. Readers look only at the ``current`` one of a scope.

    ``number`` is crlNumber in decimal: it may have 20 octets, more than a database integer holds.
    """

    __tablename__ = "crl"
    __table_args__ = (
        Index(
            "uq_crl_current",
            "issuer_key_id",
            "scope",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    issuer_key_id: Mapped[str] = mapped_column(String(HEX_DIGEST))
    scope: Mapped[str] = mapped_column(String(HEX_DIGEST))
    number: Mapped[str] = mapped_column(Text)
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(String(HEX_DIGEST))
    fetched_at: Mapped[datetime]
    entry_count: Mapped[int]
    current: Mapped[bool]


class CrlEntry(Base):
    """One revoked serial (lower-case hex) of one list."""

    __tablename__ = "crl_entry"
    __table_args__ = ({"sqlite_with_rowid": False},)

    crl_id: Mapped[int] = mapped_column(ForeignKey("crl.id", ondelete="CASCADE"), primary_key=True)
    serial: Mapped[str] = mapped_column(Text, primary_key=True)
    revoked_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(32))
