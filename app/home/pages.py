"""What the family's own pages show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import lazyload

from app.core.db import reading
from app.family.models import Child
from app.family.queries import children_guarded_by
from app.home.month import Month, months_of
from app.identity.models import Person
from app.imaging import queries as imaging
from app.imaging.models import RequestState
from app.immunization.standings import overviews_of

if TYPE_CHECKING:
    from app.authz.actor import Actor
    from app.imaging.models import ShareRequest
    from app.immunization.agenda import AgendaItem
    from app.immunization.overview import Overview
    from app.immunization.standing import Standing
    from app.immunization.visits import Visit


@dataclass(frozen=True)
class ChildCard:
    """A child on the first screen: what comes next, most urgent first.

    The first of them carries its reasons. ``visit``: what can be given together with it.
    ``unconfirmed``: vaccines whose days rest on the family's own entries.
    """

    child: Child
    upcoming: tuple[AgendaItem, ...]
    visit: Visit | None
    standing: Standing
    unconfirmed: frozenset[str]


@dataclass(frozen=True)
class ChildVisit:
    """One visit of one child."""

    child: Child
    visit: Visit


@dataclass(frozen=True)
class Deadline:
    """One coming vaccination of one child. ``unconfirmed``: it rests on the family's own entry."""

    child: Child
    item: AgendaItem
    unconfirmed: bool


@dataclass(frozen=True)
class SchedulePage:
    """The visits of all children by day, their months as pictures, and every last day."""

    visits: tuple[ChildVisit, ...]
    months: tuple[Month, ...]
    deadlines: tuple[Deadline, ...]


def family(actor: Actor) -> tuple[ChildCard, ...]:
    """The actor's children, youngest first, each with what comes next."""
    return tuple(_card(child, overview) for child, overview in _overviews(actor))


def schedule(actor: Actor) -> SchedulePage:
    """What comes next for all children: visits by their day, vaccines by their last day."""
    rows = _overviews(actor)
    visits = [ChildVisit(child, visit) for child, over in rows for visit in over.visits()]
    deadlines = [
        Deadline(child, item, item.group in over.unconfirmed())
        for child, over in rows
        for item in over.upcoming()
        if item.near
    ]
    visits.sort(key=lambda row: row.visit.on)
    deadlines.sort(key=lambda row: (not row.item.is_now, row.item.act_by))
    months = months_of([row.visit for row in visits], today=actor.today)
    return SchedulePage(tuple(visits), months, tuple(deadlines))


def waiting_requests(actor: Actor) -> tuple[ShareRequest, ...]:
    """What asks for the actor's answer."""
    with reading() as session:
        requests = imaging.own_requests(session, actor)
        return tuple(r for r in requests if r.state == RequestState.WAITING)


def _overviews(actor: Actor) -> list[tuple[Child, Overview]]:
    """The actor's children, youngest first, each with where it stands."""
    query = children_guarded_by(actor).join(Person, Person.id == Child.person_id)
    query = query.order_by(Person.born_on.desc()).options(lazyload(Child.guardianships))
    with reading() as session:
        children = session.scalars(query).all()
        overviews = overviews_of(session, actor, children)
    return [(child, overviews[child.id]) for child in children]


def _card(child: Child, overview: Overview) -> ChildCard:
    upcoming, standing, resting = overview.upcoming(), overview.standing, overview.unconfirmed()
    if not upcoming:
        return ChildCard(child, (), None, standing, resting)
    first = replace(upcoming[0], result=overview.explained(upcoming[0].group))
    visit = _visit_with(first.group, overview)
    return ChildCard(child, (first, *upcoming[1:]), visit, standing, resting)


def _visit_with(group: str, overview: Overview) -> Visit | None:
    """The next visit, when this vaccine belongs to it and is not alone."""
    visit = next(iter(overview.visits(most=1)), None)
    if visit is None or not visit.is_shared:
        return None
    return visit if any(dose.group == group for dose in visit.doses) else None
