"""Unguessable values."""

from __future__ import annotations

import secrets

TOKEN_LENGTH = 43
"""Characters of a token: 256 bits, base64url without padding."""

TOKEN_BYTES = 32


def new_token() -> str:
    """256 random bits, base64url without padding: 43 characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_digits(count: int) -> str:
    """``count`` random decimal digits, for codes that people read out or type."""
    return "".join(secrets.choice("0123456789") for _ in range(count))
