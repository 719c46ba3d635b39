"""Reads of registered systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.fhir.models import ApiClient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session


def api_client_by_id(session: Session, client_id: UUID) -> ApiClient | None:
    """A registered system, ended or not."""
    return session.get(ApiClient, client_id)


def all_api_clients(session: Session) -> Sequence[ApiClient]:
    """Every registered system, oldest first. For the operator's command line."""
    return session.scalars(select(ApiClient).order_by(ApiClient.added_at)).all()
