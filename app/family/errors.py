"""What can go wrong with families."""

from __future__ import annotations

from app.core.errors import NotFound


class ChildNotFound(NotFound):
    """No such child, or not for this person."""

    code = "child-not-found"
