"""The one place where the simulated J-LIS asks what time it is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """The present instant, aware, in UTC, in whole seconds as certificates carry it."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the clock of this program
