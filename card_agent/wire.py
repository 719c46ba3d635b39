"""Messages of ``config/wire/card-login.schema.json`` as this program reads and writes them."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass

from card_agent.errors import MalformedRequest

VERSION = 1
LOGIN_CONTEXT = b"tsunagu-card-login-v1"
TEXT_MAXIMUM = 8000
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")
# What cannot be seen must not be signed: controls, format characters (direction overrides,
# zero-width), surrogates, private use, unassigned, line and paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True)
class Challenge:
    """A login challenge of an allowed caller."""

    nonce: str

    def signed_bytes(self, caller: str) -> bytes:
        """The domain-separated value the authentication key signs for this caller's origin."""
        digests = (hashlib.sha256(part.encode()).digest() for part in (caller, self.nonce))
        return LOGIN_CONTEXT + b"\x00" + b"".join(digests)


@dataclass(frozen=True)
class Document:
    """A text to be shown in full and signed as it stands."""

    text: str


Order = Challenge | Document


def read_challenge(nonce: object) -> Challenge:
    """256 bits in base64url without padding, else MalformedRequest."""
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise MalformedRequest
    return Challenge(nonce)


def read_document(text: object) -> Document:
    """One to 8,000 visible characters, tab or line feed, else MalformedRequest."""
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_MAXIMUM or not text.strip():
        raise MalformedRequest
    if any(unicodedata.category(character) in _INVISIBLE for character in _unspaced(text)):
        raise MalformedRequest
    return Document(text)


def token(certificate: bytes, signature: bytes) -> dict[str, object]:
    """The answer to a challenge."""
    return {
        "type": "token",
        "version": VERSION,
        "certificate": base64.b64encode(certificate).decode("ascii"),
        "algorithm": "RS256",
        "signature": base64.b64encode(signature).decode("ascii"),
    }


def signed(container: bytes) -> dict[str, object]:
    """The answer to a document."""
    return {
        "type": "signed",
        "version": VERSION,
        "cms": base64.b64encode(container).decode("ascii"),
    }


def _unspaced(text: str) -> str:
    return text.replace("\n", "").replace("\t", "")
