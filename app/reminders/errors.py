"""What can go wrong with stopping reminders."""

from __future__ import annotations

from app.core.errors import Invalid, NotFound


class StopNotFound(NotFound):
    """No such stop for this child."""

    code = "stop-not-found"


class ImpossibleStop(Invalid):
    """A vaccine is missing, or the days run backwards."""

    code = "impossible-stop"


class GuardianNotFound(NotFound):
    """Nobody with this account guards the child."""

    code = "guardian-not-found"
