"""Tables of one gateway. Instants are Unix seconds (float); identifiers are digits and dots."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LAYOUT = "0006"
"""The migration these tables stand at."""

UID = String(64)
LONGEST_NAME_GROUP = 64
"""Characters of a component group (PS3.5 Table 6.2-1); folding seldom makes it longer."""
SUFFIX_CHARACTERS = 12
Suffix = String(SUFFIX_CHARACTERS).with_variant(
    String(SUFFIX_CHARACTERS, collation="C"), "postgresql"
)
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables of the gateway."""

    metadata = MetaData()


class SchemaVersion(Base):
    """One row, for programs from before migrations: a number none of them knows, so none starts."""

    __tablename__ = "schema_version"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)


class Folding(Base):
    """One row: which folding the names went through (``names.FOLDING_MARK``)."""

    __tablename__ = "folding"

    mark: Mapped[str] = mapped_column(String(40), primary_key=True)


class StoredObject(Base):
    """One acknowledged SOP instance. ``state`` goes from stored to indexed, or aside."""

    __tablename__ = "objects"
    __table_args__ = (
        Index("ix_objects_state", "state", "id"),
        Index("ix_objects_series", "study_instance_uid", "series_instance_uid"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(UID, unique=True)
    sop_class_uid: Mapped[str] = mapped_column(UID)
    study_instance_uid: Mapped[str] = mapped_column(UID)
    series_instance_uid: Mapped[str] = mapped_column(UID)
    transfer_syntax_uid: Mapped[str] = mapped_column(UID)
    file_name: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigInteger)
    data_set_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    sender: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[float] = mapped_column(Float)
    frame_count: Mapped[int] = mapped_column(Integer)
    frame_table: Mapped[bytes] = mapped_column(LargeBinary)
    encapsulated: Mapped[bool]
    state: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(40), default="")


class SetAside(Base):
    """An object that came with the identifier of another one but with other content."""

    __tablename__ = "set_aside"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(UID, index=True)
    file_name: Mapped[str] = mapped_column(String(120))
    data_set_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    sender: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[float] = mapped_column(Float)


class Decision(Base):
    """What an administrator decided about one object, and why."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[float] = mapped_column(Float)
    kind: Mapped[str] = mapped_column(String(12))
    sop_instance_uid: Mapped[str] = mapped_column(UID)
    study_instance_uid: Mapped[str] = mapped_column(UID)
    data_set_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    decided_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(200))


class Instance(Base):
    """An indexed object's JSON: for lists, and its whole header for metadata."""

    __tablename__ = "instances"

    object_id: Mapped[int] = mapped_column(ForeignKey("objects.id"), primary_key=True)
    series_instance_uid: Mapped[str] = mapped_column(UID, index=True)
    instance_number: Mapped[int] = mapped_column(BigInteger)
    listing: Mapped[str] = mapped_column(Text)
    metadata_json: Mapped[str] = mapped_column(Text)


class Series(Base):
    """A series as it will be listed; ``revision`` counts changes."""

    __tablename__ = "series"

    series_instance_uid: Mapped[str] = mapped_column(UID, primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(UID, index=True)
    modality: Mapped[str] = mapped_column(String(16))
    series_number: Mapped[int] = mapped_column(BigInteger)
    attributes: Mapped[str] = mapped_column(Text)
    instance_count: Mapped[int] = mapped_column(Integer)
    listing: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)


class SeriesMetadata(Base):
    """All instances' headers of one series as one answer, plain and gzipped, at one revision."""

    __tablename__ = "series_metadata"

    series_instance_uid: Mapped[str] = mapped_column(UID, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    etag: Mapped[str] = mapped_column(String(66))
    plain: Mapped[bytes] = mapped_column(LargeBinary)
    gzipped: Mapped[bytes] = mapped_column(LargeBinary)


class Study(Base):
    """A study as it will be listed, with its match keys. Names are folded for search."""

    __tablename__ = "studies"
    __table_args__ = (
        Index("ix_studies_date", "study_date", "study_instance_uid"),
        Index("ix_studies_alphabetic", "name_alphabetic", "study_date", "study_instance_uid"),
        Index("ix_studies_ideographic", "name_ideographic", "study_date", "study_instance_uid"),
        Index("ix_studies_phonetic", "name_phonetic", "study_date", "study_instance_uid"),
    )

    study_instance_uid: Mapped[str] = mapped_column(UID, primary_key=True)
    patient_id: Mapped[str] = mapped_column(String(64), index=True)
    name_alphabetic: Mapped[str] = mapped_column(Text)
    name_ideographic: Mapped[str] = mapped_column(Text)
    name_phonetic: Mapped[str] = mapped_column(Text)
    study_date: Mapped[str] = mapped_column(String(8))
    accession_number: Mapped[str] = mapped_column(String(64), index=True)
    description: Mapped[str] = mapped_column(String(64))
    modalities: Mapped[str] = mapped_column(Text)
    text_uncertain: Mapped[bool]
    attributes: Mapped[str] = mapped_column(Text)
    series_count: Mapped[int] = mapped_column(Integer)
    instance_count: Mapped[int] = mapped_column(Integer)
    listing: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[float] = mapped_column(Float)
    revision: Mapped[int] = mapped_column(Integer)
    announced_revision: Mapped[int] = mapped_column(Integer, default=0)
    issuer_of_patient_id: Mapped[str] = mapped_column(String(64), server_default="")
    patient_birth_date: Mapped[str] = mapped_column(String(8), server_default="")
    patient_sex: Mapped[str] = mapped_column(String(16), server_default="")


class NameTerm(Base):
    """A folded name group under the beginning of each of its endings, so that a pattern with a
    wildcard in front is a range of this table too."""

    __tablename__ = "name_terms"

    suffix: Mapped[str] = mapped_column(Suffix, primary_key=True)
    term: Mapped[str] = mapped_column(String(LONGEST_NAME_GROUP), primary_key=True)


class OutboxEvent(Base):
    """One event for the portal, kept until the portal has taken or refused it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "next_try_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)
    next_try_at: Mapped[float] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200), default="")


class ReadAccess(Base):
    """What one token was used for on one study; the unreported part waits to be announced."""

    __tablename__ = "read_access"

    token_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(UID, primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(Uuid)
    first_at: Mapped[float] = mapped_column(Float)
    last_at: Mapped[float] = mapped_column(Float, index=True)
    instances: Mapped[int] = mapped_column(BigInteger)
    frames: Mapped[int] = mapped_column(BigInteger)
    uses: Mapped[int] = mapped_column(BigInteger)
    reported_uses: Mapped[int] = mapped_column(BigInteger, index=True)


class Commitment(Base):
    """One storage commitment a peer asked for; ``state`` goes from waiting to told or given up."""

    __tablename__ = "commitments"
    __table_args__ = (Index("ix_commitments_due", "state", "next_try_at"),)

    ae_title: Mapped[str] = mapped_column(String(16), primary_key=True)
    transaction_uid: Mapped[str] = mapped_column(UID, primary_key=True)
    requested: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    next_try_at: Mapped[float] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))


class Pull(Base):
    """One study to be fetched from a peer; ``state`` is one of :class:`..pulls.State`, ``source``
    the only peer that may be asked (empty: any), ``reason`` why it is not here yet."""

    __tablename__ = "pulls"
    __table_args__ = (Index("ix_pulls_due", "state", "next_try_at"),)

    study_instance_uid: Mapped[str] = mapped_column(UID, primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(24))
    requested_at: Mapped[float] = mapped_column(Float)
    changed_at: Mapped[float] = mapped_column(Float)
    next_try_at: Mapped[float] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer)
    expected: Mapped[int] = mapped_column(Integer)
    arrived: Mapped[int] = mapped_column(Integer)
