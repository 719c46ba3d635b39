"""The provider over the network: its description, its keys, and a code turned into an ID token.

Answers are bounded in bytes and in time; no redirects, no proxies from the environment. Description
and keys are kept for an hour; a key nobody has seen yet makes us look again, at most every ten
seconds, so that the provider can change its keys at any time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx

from app.core import clock
from app.crypto.errors import TokenRejected
from app.crypto.published_keys import PublishedKeys
from app.crypto.signing import unverified_key_id
from app.crypto.tokens import new_token
from app.identity.openid import (
    Attempt,
    Metadata,
    RegisteredClient,
    VerifiedPhone,
    authorization_url,
    read_id_token,
)
from app.identity.openid_errors import PhoneRefusedThere, PhoneTokenInvalid, PhoneUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.crypto.signing import SigningKey

TIMEOUT_SECONDS = 4.0
MAXIMUM_BYTES = 128 * 1024
KEPT = timedelta(hours=1)
PAUSE = timedelta(seconds=10)
ASSERTION_LIFE = timedelta(seconds=60)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 §2.2
_BAD_CODE = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED})


def make_client() -> httpx.Client:
    """The HTTP client for the provider; share one a process."""
    return httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


@dataclass(frozen=True)
class _Fetched:
    metadata: Metadata
    keys: PublishedKeys
    at: datetime


@dataclass
class OpenIdProvider:
    """One upstream provider, pinned by its issuer, and us as its client."""

    issuer: str
    registered: RegisteredClient
    key: SigningKey
    http: httpx.Client
    _fetched: _Fetched | None = None
    _silent_since: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def address_for(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser is sent. Raises PhoneUnavailable."""
        metadata = self._current().metadata
        return authorization_url(metadata, self.registered, attempt, redirect_uri)

    def names_itself(self) -> bool:
        """Whether every answer of this provider carries its name (RFC 9207 §3)."""
        return self._current().metadata.names_itself

    def redeem(self, code: str, attempt: Attempt, redirect_uri: str) -> VerifiedPhone:
        """Turn a code into the proof of who was authenticated.

        Raises PhoneRefusedThere when the provider does not take the code, PhoneUnavailable when it
        does not answer properly, and what ``read_id_token`` raises.
        """
        metadata = self._current().metadata
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": self.registered.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(metadata),
        }
        answer = self._fetch(self.http.build_request("POST", metadata.token_endpoint, data=form))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise PhoneUnavailable("no ID token")
        claims = self._verified(token)
        return read_id_token(claims, metadata, self.registered, attempt, at=clock.now())

    def _assertion(self, metadata: Metadata) -> str:
        profile, now = self.registered.profile, clock.now()
        claims = {
            "iss": self.registered.client_id,
            "sub": self.registered.client_id,
            "aud": metadata.token_endpoint
            if profile.audience_is_token_endpoint
            else metadata.issuer,
            "jti": new_token(),
            "iat": int(now.timestamp()),
            "exp": int((now + ASSERTION_LIFE).timestamp()),
        }
        return self.key.sign(claims, typ="JWT")

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            return self._current(unverified_key_id(token)).keys.verify(token)
        except TokenRejected as refusal:
            raise PhoneTokenInvalid("the ID token does not verify") from refusal

    def _current(self, key_id: str | None = None) -> _Fetched:
        """Description and keys, fetched anew when old or when this key is not among them."""
        with self._lock:
            known, now = self._fetched, clock.now()
            if known is not None:
                age = now - known.at
                missing = key_id is not None and not known.keys.holds(key_id)
                if timedelta() <= age < KEPT and not (missing and age >= PAUSE):
                    return known
            if self._silent_since and timedelta() <= now - self._silent_since < PAUSE:
                raise PhoneUnavailable("silent a moment ago")
            self._silent_since = now
            self._fetched = self._look(now)
            self._silent_since = None
            return self._fetched

    def _look(self, now: datetime) -> _Fetched:
        address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = Metadata.read(self._fetch(self.http.build_request("GET", address)), self.issuer)
        jwks = self._fetch(self.http.build_request("GET", metadata.jwks_uri))
        try:
            return _Fetched(metadata, PublishedKeys.from_jwks(jwks), now)
        except TokenRejected as refusal:
            raise PhoneUnavailable("no usable keys") from refusal

    def _fetch(self, request: httpx.Request) -> Mapping[str, Any]:
        try:
            body = json.loads(_read(self.http, request))
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise PhoneUnavailable(type(error).__name__) from error
        if not isinstance(body, dict):
            raise PhoneUnavailable("not a JSON object")
        return body


def _read(client: httpx.Client, request: httpx.Request) -> bytes:
    """The body of a 200 answer within bytes and time. Raises httpx.HTTPError."""
    deadline = monotonic() + TIMEOUT_SECONDS
    response = client.send(request, stream=True)
    try:
        if request.method == "POST" and response.status_code in _BAD_CODE:
            raise PhoneRefusedThere(f"status {response.status_code}")
        if response.status_code != httpx.codes.OK:
            why = f"status {response.status_code}"
            raise httpx.HTTPStatusError(why, request=request, response=response)
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAXIMUM_BYTES or monotonic() > deadline:
                raise httpx.ReadError("answer too long or too slow", request=request)
        return bytes(body)
    finally:
        response.close()
