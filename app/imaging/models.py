"""Tables of image sharing. No pixels and no names from images are kept here."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.identity.models import Account, Person
from app.registry.models import Gateway, Organisation


class PatientLink(Base):
    """A person is known at a hospital under this number: proved by the card at its reception."""

    __tablename__ = "patient_link"
    __table_args__ = (UniqueConstraint("organisation_id", "local_patient_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    local_patient_id: Mapped[str] = mapped_column(String(64))
    linked_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    linked_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")
    organisation: Mapped[Organisation] = relationship(lazy="joined")


class StudyReference(Base):
    """One study that a hospital's gateway announced."""

    __tablename__ = "study_reference"
    __table_args__ = (UniqueConstraint("gateway_id", "study_instance_uid"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gateway_id: Mapped[UUID] = mapped_column(ForeignKey("gateway.id"), index=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    local_patient_id: Mapped[str] = mapped_column(String(64), index=True)
    study_date: Mapped[date | None]
    description: Mapped[str] = mapped_column(String(64))
    modalities: Mapped[list[str]] = mapped_column(JSON)
    series: Mapped[int] = mapped_column(Integer)
    instances: Mapped[int] = mapped_column(Integer)
    announced_at: Mapped[datetime]

    gateway: Mapped[Gateway] = relationship(lazy="joined")


class RequestState(StrEnum):
    """Where a share request stands."""

    WAITING = "waiting"
    CONSENTED = "consented"
    REFUSED = "refused"
    EXPIRED = "expired"


class ShareRequest(Base):
    """A physician at an organisation asks to see a person's studies, for a purpose."""

    __tablename__ = "share_request"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(200))
    state: Mapped[RequestState]
    document: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    view_until: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    account: Mapped[Account] = relationship(lazy="joined")
    studies: Mapped[list[StudyReference]] = relationship(
        secondary="share_request_study", order_by="StudyReference.study_date.desc()"
    )
    grant: Mapped[Grant | None] = relationship(back_populates="request")


class ShareRequestStudy(Base):
    """The studies a request is about."""

    __tablename__ = "share_request_study"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("share_request.id"), primary_key=True)
    study_id: Mapped[UUID] = mapped_column(ForeignKey("study_reference.id"), primary_key=True)


class Consent(Base):
    """The signed declaration, kept with what proves it: text, signature, status at that time."""

    __tablename__ = "consent"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("share_request.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    document: Mapped[str] = mapped_column(Text)
    cms: Mapped[bytes] = mapped_column(LargeBinary)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Grant(Base):
    """What a consent opens: these studies, to this physician at this organisation, until then."""

    __tablename__ = "image_grant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("share_request.id"), unique=True)
    consent_id: Mapped[UUID] = mapped_column(ForeignKey("consent.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    granted_at: Mapped[datetime]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    request: Mapped[ShareRequest] = relationship(back_populates="grant", lazy="joined")
    consent: Mapped[Consent] = relationship(lazy="joined")


class IssuedToken(Base):
    """An image-access token that was handed out; gateway reports are checked against it."""

    __tablename__ = "issued_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("image_grant.id"), index=True)
    gateway_id: Mapped[UUID] = mapped_column(ForeignKey("gateway.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class GatewayEvent(Base):
    """An event id already taken in, so that a report sent twice counts once."""

    __tablename__ = "gateway_event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gateway_id: Mapped[UUID] = mapped_column(ForeignKey("gateway.id"))
    received_at: Mapped[datetime]
