"""Use cases about a child that are nobody's health record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import transaction
from app.family import queries

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child


def place_child(actor: Actor, child_id: UUID, district: str | None) -> None:
    """Say in which part of the municipality the child lives; ``None``: not known.

    Raises ``ChildNotFound`` and ``NotPermitted``.
    """
    with transaction() as session:
        child = queries.visible_child(session, actor, child_id, to_change=True)
        place(session, actor, child, district)


def place(session: Session, actor: Actor, child: Child, district: str | None) -> None:
    """The same within a transaction that holds the child. Raises ``NotPermitted``."""
    authorize(actor, Permission.CHILD_PLACE, child)
    if child.district == district:
        return
    child.district = district
    entity = chain.Entity("child", child.id, child.person_id)
    chain.record(session, actor, Action.CHILD_PLACED, entity, organisation_id=child.municipality_id)
