"""What the desk's list of waiting applications shows: no names before one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.authz.policy import DESK_ROLES, NotPermitted, Permission, authorize
from app.core.db import reading
from app.identity import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.authz.actor import Actor
    from app.identity.registration_models import Registration


def waiting(actor: Actor) -> Sequence[Registration]:
    """Applications at the actor's desks, oldest first; raises ``NotPermitted`` without a desk."""
    if not actor.organisations(*DESK_ROLES):
        raise NotPermitted(Permission.REGISTRATION_DECIDE)
    with reading() as session:
        rows = session.scalars(queries.registrations_visible_to(actor)).all()
    for row in rows:
        authorize(actor, Permission.REGISTRATION_DECIDE, row)
    return rows
