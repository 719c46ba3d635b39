"""Reads of children, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, or_, select

from app.authz.actor import Role
from app.family.errors import ChildNotFound
from app.family.models import Child, Guardianship
from app.family.standing import Restriction

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy import ColumnElement, SQLColumnExpression
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from app.authz.actor import Actor


def children_visible_to(actor: Actor) -> Select[Child]:
    """Children the actor guards today, and those of municipalities where the actor is staff.

    A restriction beats both: of that child the actor sees nothing, no place and no name.
    """
    return select(Child).where(
        or_(
            Child.guardianships.any(_guards(actor)),
            Child.municipality_id.in_(actor.organisations(Role.NURSE)),
        ),
        may_be_told_of(actor, Child.id),
    )


def district_names(
    session: Session, actor: Actor, municipality_id: UUID | None = None
) -> tuple[str, ...]:
    """Parts of the municipalities where the actor is staff, or of one, that some child lives in."""
    places = actor.organisations(Role.NURSE)
    if municipality_id is not None:
        places &= {municipality_id}
    query = (
        children_visible_to(actor)
        .where(Child.municipality_id.in_(places))
        .with_only_columns(Child.district)
        .distinct()
        .order_by(Child.district)
    )
    return tuple(name for name in session.scalars(query) if name)


def by_district() -> tuple[SQLColumnExpression[Any], ...]:
    """The order of a list that somebody walks or posts: by district, those without one last."""
    return Child.district.is_(None), Child.district, Child.handbook_number


def children_guarded_by(actor: Actor) -> Select[Child]:
    """The actor's own children."""
    return children_visible_to(actor).where(Child.guardianships.any(_guards(actor)))


def visible_child(
    session: Session, actor: Actor, child_id: UUID, *, to_change: bool = False
) -> Child:
    """One child, or ``ChildNotFound`` for a missing and for a hidden one alike.

    ``to_change`` holds the child until the transaction ends, so that entries come one by one.
    """
    query = children_visible_to(actor).where(Child.id == child_id)
    child = session.scalar(query.with_for_update(of=Child) if to_change else query)
    if child is None:
        raise ChildNotFound(str(child_id))
    return child


def children_with_ids(
    session: Session, actor: Actor, child_ids: Collection[UUID], *, to_change: bool = False
) -> dict[UUID, Child]:
    """Many children by id, in one order for all; ``ChildNotFound`` when one is hidden or missing.

    ``to_change`` holds them all until the transaction ends.
    """
    query = children_visible_to(actor).where(Child.id.in_(child_ids)).order_by(Child.id)
    found = session.scalars(query.with_for_update(of=Child) if to_change else query).unique()
    children = {child.id: child for child in found}
    for child_id in child_ids:
        if child_id not in children:
            raise ChildNotFound(str(child_id))
    return children


def may_be_told_of(actor: Actor, child_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """No restriction hides this child from the actor: for lists that start from no child."""
    return child_id.not_in(_hidden_from(actor))


def _hidden_from(actor: Actor) -> Select[UUID]:
    return select(Restriction.child_id).where(
        Restriction.account_id == actor.account_id,
        Restriction.from_on <= actor.today,
        or_(Restriction.until_on.is_(None), Restriction.until_on >= actor.today),
    )


def _guards(actor: Actor) -> ColumnElement[bool]:
    return (
        (Guardianship.account_id == actor.account_id)
        & (Guardianship.from_on <= actor.today)
        & (or_(Guardianship.until_on.is_(None), Guardianship.until_on >= actor.today))
    )
