"""Where many children stand today, read in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.immunization.family_copy_queries import copies_of
from app.immunization.overview import Overview, look_over
from app.immunization.queries import given_doses, given_to, schedule_sex
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
    session: Session, actor: Actor, children: Collection[Child], *, for_family: bool = True
) -> dict[UUID, Overview]:
    """Where each of these children stands today, by id: as families are told, or all of it."""
    ids = [child.id for child in children]
    given, copies = given_to(session, actor, ids), copies_of(session, actor, ids)
    standings = read_standings(session, ids, actor.today) if for_family else {}
    return {
        child.id: look_over(
            load_schedule(),
            born_on=child.person.born_on,
            sex=schedule_sex(child),
            given=given[child.id],
            as_of=actor.today,
            standing=standings.get(child.id, AT_EASE),
            copies=given_doses(copies[child.id]),
        )
        for child in children
    }
