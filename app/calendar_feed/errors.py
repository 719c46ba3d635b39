"""What can go wrong with calendars."""

from __future__ import annotations

from app.core.errors import NotFound


class FeedNotFound(NotFound):
    """No calendar stands at this address, or the person has none."""

    code = "feed-not-found"
