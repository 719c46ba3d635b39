"""What a card is asked to sign at login (config/wire/card-login.schema.json).

A fixed context string, then the hashes of origin and nonce: the fields cannot slide into each
other, and the authentication key's answer can never be read as anything but this login.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.crypto.digests import sha256
from app.jpki.errors import MalformedToken

CONTEXT = b"tsunagu-card-login-v1"
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Challenge:
    """The portal's own nonce and origin; neither is ever read from the answer.

    ``nonce``: 256 random bits, base64url without padding. ``origin``: scheme, host and port as the
    browser sees the portal, without a trailing slash.
    """

    nonce: str
    origin: str

    def __post_init__(self) -> None:
        if not _NONCE.fullmatch(self.nonce):
            raise MalformedToken("a nonce is 43 characters of base64url")

    @property
    def signed_bytes(self) -> bytes:
        """context, 0x00, SHA-256(origin), SHA-256(nonce): 86 bytes."""
        return CONTEXT + b"\x00" + sha256(self.origin.encode()) + sha256(self.nonce.encode())
