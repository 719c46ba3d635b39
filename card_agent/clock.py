"""The agent's only clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


def uptime() -> float:
    """Seconds on a clock that is never set back; for measuring ages only."""
    return time.monotonic()
