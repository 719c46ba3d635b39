"""Reads of calendar feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.calendar_feed.models import CalendarFeed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def feeds_visible_to(actor: Actor) -> Select[CalendarFeed]:
    """The actor's live feed, if there is one."""
    return select(CalendarFeed).where(
        CalendarFeed.account_id == actor.account_id, CalendarFeed.ended_at.is_(None)
    )


def feed_with_token(session: Session, token_hash: str) -> CalendarFeed | None:
    """The live feed at an address, ours until the transaction ends."""
    return session.scalar(
        select(CalendarFeed)
        .where(CalendarFeed.token_hash == token_hash, CalendarFeed.ended_at.is_(None))
        .with_for_update()
    )
