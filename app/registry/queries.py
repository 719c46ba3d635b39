"""Reads of organisations, licences and gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.authz.actor import License
from app.registry.models import Gateway, LicenseRow, Organisation, Practitioner

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session


def organisation_names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Names of organisations by id."""
    rows = session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    )
    return {row.id: row.name for row in rows}


def licenses_of(session: Session, person_id: UUID) -> tuple[License, ...]:
    """Confirmed licences of a person."""
    rows = session.scalars(
        select(LicenseRow)
        .join(Practitioner, Practitioner.id == LicenseRow.practitioner_id)
        .where(Practitioner.person_id == person_id)
    )
    return tuple(License(row.profession, row.confirmed_on, row.expires_on) for row in rows)


def gateway_by_id(session: Session, gateway_id: UUID) -> Gateway | None:
    """An enrolled gateway."""
    return session.get(Gateway, gateway_id)


def all_gateways(session: Session) -> Sequence[Gateway]:
    """Every enrolled gateway, by hospital name. For operations only."""
    return session.scalars(select(Gateway).join(Organisation).order_by(Organisation.name)).all()
