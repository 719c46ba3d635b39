"""Rate limits, with storage shared by all workers when it is Redis."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

CHALLENGES = "300/minute"
ANSWERS = "120/minute"
"""Per address and minute. A health center or a hospital sits behind one address, and all of its
staff log in at the same time in the morning; guessing is the card's own affair (PIN counters)."""

limiter = Limiter(get_remote_address, default_limits=[], headers_enabled=True)
