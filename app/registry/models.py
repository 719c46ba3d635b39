"""Tables of the registry."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.authz.actor import Profession
from app.core.db import Base


class OrganisationKind(StrEnum):
    """What an organisation is."""

    MUNICIPALITY = "municipality"
    HOSPITAL = "hospital"
    CLINIC = "clinic"
    SCHOOL = "school"


class Organisation(Base):
    """A municipality (with its health center), hospital, clinic or school."""

    __tablename__ = "organisation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[OrganisationKind]
    name: Mapped[str] = mapped_column(String(100))
    official_code: Mapped[str] = mapped_column(String(16), unique=True)


class Practitioner(Base):
    """A person who practises a licensed profession."""

    __tablename__ = "practitioner"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), unique=True)


class LicenseRow(Base):
    """A licence, and who confirmed it when."""

    __tablename__ = "license"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    profession: Mapped[Profession]
    number: Mapped[str] = mapped_column(String(16))
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    confirmed_on: Mapped[date]
    expires_on: Mapped[date | None]


class Gateway(Base):
    """One hospital's gateway: where viewers reach it, and the key that proves its reports."""

    __tablename__ = "gateway"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), unique=True)
    base_url: Mapped[str] = mapped_column(String(200))
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    seen_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined")


class GatewayOffer(Base):
    """An administrator's one-time code for enrolling the gateway of their hospital."""

    __tablename__ = "gateway_offer"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    base_url: Mapped[str] = mapped_column(String(200))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    offered_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    gateway_id: Mapped[UUID | None] = mapped_column(ForeignKey("gateway.id"))
    withdrawn_at: Mapped[datetime | None]
