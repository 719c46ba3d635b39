"""The kinds of things that go wrong. ``app/web/errors.py`` alone turns a kind into status and page.

Raise the narrowest subclass; facts stand in fields, never only in the message.
"""

from __future__ import annotations


class TsunaguError(Exception):
    """Anything this product refuses or cannot do. ``code`` names it in pages, logs and audit."""

    code = "error"


class Invalid(TsunaguError):
    """The input cannot be used as it stands; the person can correct it."""

    code = "invalid"


class Unauthenticated(TsunaguError):
    """Nobody is logged in, or not strongly enough."""

    code = "unauthenticated"


class StepUpRequired(Unauthenticated):
    """The person is known, but this needs the card itself."""

    code = "card-needed"


class Rejected(TsunaguError):
    """A proof was offered and does not hold."""

    code = "rejected"


class Forbidden(TsunaguError):
    """Known person, visible thing, not allowed."""

    code = "forbidden"


class NotFound(TsunaguError):
    """It does not exist, or this person may not know that it does."""

    code = "not-found"


class Conflict(TsunaguError):
    """Somebody else changed it, or it is already done."""

    code = "conflict"


class Unavailable(TsunaguError):
    """A part we depend on does not answer. Trying again later is right."""

    code = "unavailable"


class Misconfigured(Exception):
    """The program must not start like this. The message says what to change."""
