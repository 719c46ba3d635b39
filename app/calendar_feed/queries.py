"""Reads of calendar feeds, and of the children they tell about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, or_, select

from app.calendar_feed.models import CalendarFeed
from app.family.models import Child
from app.family.queries import children_guarded_by
from app.family.standing import QuietPeriod

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def feeds_visible_to(actor: Actor) -> Select[CalendarFeed]:
    """The actor's live feed, if there is one."""
    return select(CalendarFeed).where(
        CalendarFeed.account_id == actor.account_id, CalendarFeed.ended_at.is_(None)
    )


def planned_children_visible_to(actor: Actor) -> Select[Child]:
    """The actor's own children, without those of whom nothing is told or nothing is said now."""
    return children_guarded_by(actor).where(
        ~exists().where(
            QuietPeriod.child_id == Child.id,
            QuietPeriod.from_on <= actor.today,
            or_(QuietPeriod.until_on.is_(None), QuietPeriod.until_on >= actor.today),
        )
    )


def feed_with_token(session: Session, token_hash: str) -> CalendarFeed | None:
    """The live feed at an address, ours until the transaction ends."""
    return session.scalar(
        select(CalendarFeed)
        .where(CalendarFeed.token_hash == token_hash, CalendarFeed.ended_at.is_(None))
        .with_for_update()
    )
