"""OpenID Connect Core 1.0 as a relying party of デジタル認証アプリ, without network or database.

Code flow only: PKCE S256 (RFC 7636), state, nonce, ``acr_values``; the provider proves itself by
ES256 and, where it says so, by ``iss`` in its answer (RFC 9207). What the provider calls things and
which ``acr`` counts is dated data: ``config/openid``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urlsplit

from app.core.errors import Misconfigured
from app.crypto.digests import equal, keyed_hex, sha256_base64url
from app.identity.openid_errors import (
    PhoneNonceWrong,
    PhoneStale,
    PhoneTokenInvalid,
    PhoneTooWeak,
    PhoneUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLOCK_SKEW = timedelta(seconds=60)
LONGEST_SUBJECT = 255
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Profile:
    """What one provider expects and which of its answers count."""

    scope: str
    acr_values: str
    accepted_acr: frozenset[str]
    subject_claim: str
    audience_is_token_endpoint: bool
    longest_age: timedelta

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of ``config/openid``. Raises Misconfigured."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                scope=str(data["scope"]),
                acr_values=str(data["acr_values"]),
                accepted_acr=frozenset(str(acr) for acr in data["accepted_acr"]),
                subject_claim=str(data["subject_claim"]),
                audience_is_token_endpoint=data["assertion_audience"] == "token_endpoint",
                longest_age=timedelta(seconds=int(data["longest_authentication_age_seconds"])),
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Misconfigured(f"the provider profile {path} cannot be used: {error}") from error


@dataclass(frozen=True)
class Metadata:
    """A provider's own description (OpenID Connect Discovery 1.0 §3), pinned to its issuer."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool

    @classmethod
    def read(cls, data: Mapping[str, Any], issuer: str) -> Self:
        """Raises PhoneUnavailable unless it is this issuer's and all of it lies at its origin."""
        addresses = [data.get(name) for name in ENDPOINTS]
        if data.get("issuer") != issuer or not all(_at_home(one, issuer) for one in addresses):
            raise PhoneUnavailable("the description of another issuer")
        methods = data.get("code_challenge_methods_supported", ["S256"])
        if not isinstance(methods, list) or "S256" not in methods:
            raise PhoneUnavailable("a provider without PKCE S256")
        names_itself = data.get("authorization_response_iss_parameter_supported") is True
        authorization, token, keys = map(str, addresses)
        return cls(issuer, authorization, token, keys, names_itself)


@dataclass(frozen=True)
class Attempt:
    """One login under way. Verifier and nonce are never stored.

    Both follow from the state and the secret only this browser's cookie holds, so that a code or a
    state is worth nothing in any other browser.
    """

    state: str
    browser_secret: str

    @property
    def verifier(self) -> str:
        """PKCE ``code_verifier``: 64 of the allowed characters."""
        return keyed_hex(self.browser_secret.encode(), b"pkce\0" + self.state.encode())

    @property
    def nonce(self) -> str:
        """What the ID token must repeat."""
        return keyed_hex(self.browser_secret.encode(), b"nonce\0" + self.state.encode())


@dataclass(frozen=True)
class RegisteredClient:
    """Us, as the provider knows us."""

    client_id: str
    profile: Profile


@dataclass(frozen=True)
class VerifiedPhone:
    """Proof that the provider authenticated this person just now, for this browser's login."""

    issuer: str
    subject: str
    acr: str
    authenticated_at: datetime


def authorization_url(
    metadata: Metadata, client: RegisteredClient, attempt: Attempt, redirect_uri: str
) -> str:
    """Where the browser is sent (OpenID Connect Core §3.1.2.1)."""
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": client.profile.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": sha256_base64url(attempt.verifier.encode()),
        "code_challenge_method": "S256",
        "acr_values": client.profile.acr_values,
        "max_age": str(int(client.profile.longest_age.total_seconds())),
    }
    return f"{metadata.authorization_endpoint}?{urlencode(parameters)}"


def read_id_token(
    claims: Mapping[str, Any],
    metadata: Metadata,
    client: RegisteredClient,
    attempt: Attempt,
    *,
    at: datetime,
) -> VerifiedPhone:
    """Judge the claims of a token whose signature holds (OpenID Connect Core §3.1.3.7).

    Raises PhoneTokenInvalid, PhoneNonceWrong, PhoneTooWeak or PhoneStale.
    """
    _require_for_us(claims, metadata.issuer, client.client_id)
    if not at < _instant(claims, "exp") or _instant(claims, "iat") > at + CLOCK_SKEW:
        raise PhoneTokenInvalid("not in its time")
    if not equal(_text(claims, "nonce"), attempt.nonce):
        raise PhoneNonceWrong("made for another login")
    acr = _text(claims, "acr")
    if acr not in client.profile.accepted_acr:
        raise PhoneTooWeak("another authentication context")
    authenticated_at = _instant(claims, "auth_time")
    if not at - client.profile.longest_age - CLOCK_SKEW <= authenticated_at <= at + CLOCK_SKEW:
        raise PhoneStale("not authenticated for this login")
    subject = _text(claims, client.profile.subject_claim)
    return VerifiedPhone(metadata.issuer, subject, acr, authenticated_at)


def _require_for_us(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer or audiences != [client_id]:
        raise PhoneTokenInvalid("by or for somebody else")
    if claims.get("azp", client_id) != client_id:
        raise PhoneTokenInvalid("another authorized party")


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PhoneTokenInvalid(f"no {name}")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise PhoneTokenInvalid(f"no such {name}") from error


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_SUBJECT or "\0" in value:
        raise PhoneTokenInvalid(f"no {name}")
    return value


def _at_home(address: object, issuer: str) -> bool:
    if not isinstance(address, str):
        return False
    parts, home = urlsplit(address), urlsplit(issuer)
    return (parts.scheme, parts.netloc) == (home.scheme, home.netloc) and not parts.fragment
