"""Reads of photos, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.family.models import Child
from app.family.queries import children_visible_to
from app.paper_book.models import Attachment

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def photos_visible_to(actor: Actor) -> Select[Attachment]:
    """Photos of children the actor may see, without their pixels."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return select(Attachment).where(
        Attachment.child_id.in_(children), Attachment.removed_at.is_(None)
    )


def photos_of(session: Session, actor: Actor, child: Child) -> dict[UUID, UUID]:
    """The photo of each dose of one child, by the dose's lineage."""
    rows = session.scalars(photos_visible_to(actor).where(Attachment.child_id == child.id))
    return {row.lineage_id: row.id for row in rows}
