"""What can go wrong between a signature and lasting evidence of it: timestamps, PDF, seal."""

from __future__ import annotations

from app.core.errors import Unavailable
from app.jpki.errors import JpkiRejected


class AlteredAfterSigning(JpkiRejected):
    """A PDF whose signature holds, but something else than validation data was added later."""

    code = "altered-after-signing"


class TimestampRejected(JpkiRejected):
    """A timestamp token that does not prove when these bytes existed. ``reason`` says why."""

    code = "timestamp-rejected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SealNotOurs(JpkiRejected):
    """The evidence was sealed by another key than the portal's."""

    code = "seal-not-ours"


class TimestampUnavailable(Unavailable):
    """No timestamp authority answered in time; trying again is right."""

    code = "timestamp-unavailable"
