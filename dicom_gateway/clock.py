"""The one place of the gateway that asks the machine what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def timestamp() -> int:
    """The present instant in whole seconds since 1970, as JWT claims count."""
    return int(now().timestamp())


def monotonic() -> float:
    """Seconds that only ever go forward, for intervals and deadlines."""
    return time.monotonic()
