"""Where many children stand today, read in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.immunization.overview import Overview, look_over
from app.immunization.queries import given_to, schedule_sex
from app.immunization.schedule import load_schedule
from app.immunization.standing import AT_EASE
from app.immunization.standing_queries import read_standings

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child


def overviews_of(
    session: Session, actor: Actor, children: Collection[Child]
) -> dict[UUID, Overview]:
    """Where each of these children stands today, by id, as their families are told."""
    ids = [child.id for child in children]
    given, standings = given_to(session, actor, ids), read_standings(session, ids, actor.today)
    return {
        child.id: look_over(
            load_schedule(),
            born_on=child.person.born_on,
            sex=schedule_sex(child),
            given=given[child.id],
            as_of=actor.today,
            standing=standings.get(child.id, AT_EASE),
        )
        for child in children
    }
