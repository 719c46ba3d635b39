"""What the family's own pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.db import reading
from app.family.models import Child
from app.family.queries import children_guarded_by
from app.identity.models import Person
from app.imaging import queries as imaging
from app.imaging.models import RequestState
from app.immunization.agenda import next_for_parent
from app.immunization.queries import forecast_of

if TYPE_CHECKING:
    from app.authz.actor import Actor
    from app.imaging.models import ShareRequest
    from app.immunization.agenda import AgendaItem


@dataclass(frozen=True)
class ChildCard:
    """A child on the first screen: what comes next, most urgent first."""

    child: Child
    upcoming: tuple[AgendaItem, ...]


@dataclass(frozen=True)
class Upcoming:
    """One coming vaccination of one child."""

    child: Child
    item: AgendaItem


def family(actor: Actor) -> tuple[ChildCard, ...]:
    """The actor's children, youngest first, each with what comes next."""
    with reading() as session:
        query = children_guarded_by(actor).join(Person, Person.id == Child.person_id)
        children = session.scalars(query.order_by(Person.born_on.desc())).unique().all()
        return tuple(
            ChildCard(child, next_for_parent(forecast_of(session, actor, child), as_of=actor.today))
            for child in children
        )


def schedule(actor: Actor) -> tuple[Upcoming, ...]:
    """What comes next for all children, by the day to keep in mind."""
    rows = [Upcoming(card.child, item) for card in family(actor) for item in card.upcoming]
    return tuple(sorted(rows, key=lambda row: (not row.item.is_now, row.item.act_by)))


def waiting_requests(actor: Actor) -> tuple[ShareRequest, ...]:
    """What asks for the actor's answer."""
    with reading() as session:
        requests = imaging.own_requests(session, actor)
        return tuple(r for r in requests if r.state == RequestState.WAITING)
