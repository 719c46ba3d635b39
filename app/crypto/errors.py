"""What the crypto package refuses."""

from __future__ import annotations

from app.core.errors import Rejected


class TokenRejected(Rejected):
    """A signed token is malformed, of another type, by another key, or altered."""

    code = "token-rejected"


class SealBroken(Rejected):
    """Sealed bytes were altered, belong to another context, or their key is gone."""

    code = "seal-broken"
