"""Use cases about a child that are nobody's health record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.authz.policy import Permission, authorize
from app.core.db import transaction
from app.family import queries
from app.family.placing import place

if TYPE_CHECKING:
    from uuid import UUID

    from app.authz.actor import Actor


def place_child(actor: Actor, child_id: UUID, district: str | None) -> None:
    """Say in which part of the municipality the child lives; ``None``: not known.

    Raises ``ChildNotFound`` and ``NotPermitted``.
    """
    with transaction() as session:
        child = queries.visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.CHILD_PLACE, child)
        place(session, actor, child, district)
