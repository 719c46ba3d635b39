"""Writing down in which district a child lives, told to audit when it changes something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child


def place(session: Session, actor: Actor, child: Child, district: str | None) -> None:
    """Keep the district of a child that the caller holds and may place; ``None``: not known."""
    if child.district == district:
        return
    child.district = district
    entity = chain.Entity("child", child.id, child.person_id)
    chain.record(session, actor, Action.CHILD_PLACED, entity, organisation_id=child.municipality_id)
