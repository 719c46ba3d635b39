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


CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, which people read as something else."""

_CODE_LENGTH = 20
_CODE_GROUP = 5
_MISREAD = str.maketrans("ILO", "110")


def new_code() -> str:
    """100 random bits to be typed by hand: four groups of five letters or digits."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(_CODE_LENGTH))
    return "-".join(
        letters[start : start + _CODE_GROUP] for start in range(0, _CODE_LENGTH, _CODE_GROUP)
    )


def plain_code(typed: str) -> str:
    """A typed code as it was made, without its hyphens: case, spaces and misread letters aside."""
    return "".join(typed.upper().translate(_MISREAD).split()).replace("-", "")
