"""The one place that asks the machine what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The present calendar day in Japan."""
    return now().astimezone(JST).date()


def japanese_day(instant: datetime) -> date:
    """The calendar day in Japan on which an instant falls."""
    return instant.astimezone(JST).date()
