"""What can go wrong with letters."""

from __future__ import annotations

from app.core.errors import NotFound


class LetterNotFound(NotFound):
    """No such letter, or not to this person."""

    code = "letter-not-found"
