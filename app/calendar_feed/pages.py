"""What the page of the calendar shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.calendar_feed.queries import feeds_visible_to
from app.core.db import reading

if TYPE_CHECKING:
    from app.authz.actor import Actor
    from app.calendar_feed.models import CalendarFeed


def own_feed(actor: Actor) -> CalendarFeed | None:
    """The actor's live feed."""
    with reading() as session:
        return session.scalar(feeds_visible_to(actor))
