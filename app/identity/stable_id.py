"""What a verification provider calls a holder across renewals, where it says so at all.

Whoever verifies certificates for others may report one identifier for the old and the new
certificate of a person. No public document names its form, so this is a seam and nothing relies
on it: without an answer the four attributes decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.jpki.names import CredentialName

LONGEST = 128


class StableIdentifiers(Protocol):
    """Anything that may know who holds a certificate beyond its serial."""

    def identifier_of(self, signature_certificate: CredentialName) -> str | None:
        """At most ``LONGEST`` characters, the same for all certificates of one person, or None."""


@dataclass(frozen=True)
class NoStableIdentifiers:
    """Verification by our own revocation lists: nobody tells."""

    def identifier_of(self, signature_certificate: CredentialName) -> str | None:
        """Never knows."""
        return None
