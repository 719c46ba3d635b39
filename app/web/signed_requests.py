"""A request that a program signed: a bearer token over this very body, for us, good for a minute.

JWS ES256 (RFC 7515) with ``kid`` and ``iss`` the program's id, ``aud`` our origin, ``iat``, ``exp``
(seconds since 1970, at most ``LONGEST_LIFE`` apart) and ``body_sha256`` (base64url).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.core import clock
from app.core.errors import Rejected
from app.crypto.digests import sha256_base64url
from app.crypto.errors import TokenRejected
from app.crypto.signing import VerifyingKeys, unverified_key_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LONGEST_LIFE = 60
CLOCK_SKEW = 30


class RequestNotSigned(Rejected):
    """The request is not proved by the program that it names."""

    code = "request-not-signed"


def bearer_token(authorization: str) -> str:
    """The token of an ``Authorization`` header."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RequestNotSigned("no bearer token")
    return token


def claimed_id(token: str) -> UUID:
    """The id a token names: good for finding the key to try, for nothing else."""
    try:
        return UUID(unverified_key_id(token))
    except (TokenRejected, ValueError) as refusal:
        raise RequestNotSigned("no program named") from refusal


def require_signed(
    token: str,
    body: bytes,
    *,
    by: UUID,
    jwk: Mapping[str, Any],
    typ: str,
    audience: str,
    at: datetime | None = None,
) -> None:
    """Return if this program signed this body for us just now, or at ``at``.

    Raises ``RequestNotSigned``.
    """
    try:
        claims = VerifyingKeys.named(str(by), jwk).verify(token, typ=typ)
    except TokenRejected as refusal:
        raise RequestNotSigned("not signed by that program") from refusal
    now = (at or clock.now()).timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise RequestNotSigned("no times")
    in_time = issued - CLOCK_SKEW <= now < expires + CLOCK_SKEW
    if not in_time or expires - issued > LONGEST_LIFE:
        raise RequestNotSigned("not fresh")
    if claims.get("iss") != str(by) or claims.get("aud") != audience:
        raise RequestNotSigned("made for somebody else")
    if claims.get("body_sha256") != sha256_base64url(body):
        raise RequestNotSigned("body differs from what was signed")
