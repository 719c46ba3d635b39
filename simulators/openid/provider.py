"""What the provider remembers and issues: clients, codes, keys, ID tokens.

Pairwise ``sub`` (OpenID Connect Core §8.1): the same person has another name at every client, and
the same one for good, whatever card they hold.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"
CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(minutes=5)
MOST_OLD_KEYS = 1


class BadRequest(Exception):
    """The client may not do this. ``code`` as in RFC 6749 §4.1.2.1 and §5.2."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Client:
    """A registered relying party and the public keys it proves itself with."""

    client_id: str
    redirect_uris: tuple[str, ...]
    jwks: dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """A valid authorization request."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str


@dataclass(frozen=True)
class _Granted:
    wish: Wish
    person: str
    at: datetime


@dataclass
class Faults:
    """Named faults, for trying what a client refuses. Nothing is wrong unless set."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    foreign_key: bool = False
    answering_issuer: str | None = None
    wrong_content: bytes | None = None


@dataclass
class Provider:
    """One provider under one issuer. Codes live in memory and serve once."""

    issuer: str
    clients: dict[str, Client]
    keys: list[ECKey] = field(default_factory=lambda: [new_key()])
    pairwise_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    faults: Faults = field(default_factory=Faults)
    _granted: dict[str, _Granted] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @property
    def endpoint(self) -> str:
        """Below which the endpoints lie."""
        return f"{self.issuer}/protocol/openid-connect"

    def metadata(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0 §3."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.endpoint}/auth",
            "token_endpoint": f"{self.endpoint}/token",
            "jwks_uri": f"{self.endpoint}/certs",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": ["aal3", "crl"],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        """The public keys, the signing one first."""
        return {"keys": [_public(key) for key in self.keys]}

    def rotate_key(self) -> None:
        """Sign with a new key from now on; the one before stays published."""
        self.keys = [new_key(), *self.keys[:MOST_OLD_KEYS]]

    def read_wish(self, asked: dict[str, str]) -> Wish:
        """Check an authorization request. Raises BadRequest."""
        wanted = ("state", "nonce", "code_challenge")
        if asked.get("response_type") != "code":
            raise BadRequest("unsupported_response_type", "code flow only")
        if "openid" not in asked.get("scope", "").split():
            raise BadRequest("invalid_scope", "openid is missing")
        if asked.get("code_challenge_method") != "S256" or not all(asked.get(n) for n in wanted):
            raise BadRequest("invalid_request", "state, nonce and PKCE S256 are mandatory")
        return Wish(
            asked["client_id"],
            asked["redirect_uri"],
            asked["state"],
            asked["nonce"],
            asked["code_challenge"],
        )

    def grant(self, wish: Wish, person: str, *, at: datetime) -> str:
        """A code for a person who was authenticated just now."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._granted[code] = _Granted(wish, person, at)
        return code

    def redeem(self, form: dict[str, str], *, at: datetime) -> dict[str, Any]:
        """The token endpoint (OpenID Connect Core §3.1.3). Raises BadRequest."""
        client = self._client_of(form, at)
        with self._lock:
            granted = self._granted.pop(form.get("code", ""), None)
        if form.get("grant_type") != "authorization_code" or granted is None:
            raise BadRequest("invalid_grant", "no such code")
        wish = granted.wish
        if (client.client_id, form.get("redirect_uri")) != (wish.client_id, wish.redirect_uri):
            raise BadRequest("invalid_grant", "another client's code")
        if (
            at - granted.at > CODE_LIFE
            or _s256(form.get("code_verifier", "")) != wish.code_challenge
        ):
            raise BadRequest("invalid_grant", "too late, or another verifier")
        access = secrets.token_urlsafe(32)
        token = self._id_token(granted, access, at)
        life = int(TOKEN_LIFE.total_seconds())
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": life,
            "id_token": token,
        }

    def subject(self, client_id: str, person: str) -> str:
        """The pairwise name of a person at a client."""
        digest = hmac.new(self.pairwise_secret, f"{client_id}\0{person}".encode(), hashlib.sha256)
        return digest.hexdigest()

    def _client_of(self, form: dict[str, str], at: datetime) -> Client:
        """``private_key_jwt`` (RFC 7523 §3)."""
        client = self.clients.get(form.get("client_id", ""))
        if client is None:
            raise BadRequest("invalid_client", "unknown client")
        try:
            keys = KeySet.import_key_set({"keys": list(client.jwks["keys"])})
            signed = jws.deserialize_compact(form.get("client_assertion", ""), keys, [ALGORITHM])
            claims = json.loads(signed.payload)
        except (JoseError, ValueError) as error:
            raise BadRequest("invalid_client", "the assertion does not verify") from error
        own = claims.get("iss") == claims.get("sub") == client.client_id
        for_us = claims.get("aud") in {self.issuer, f"{self.endpoint}/token"}
        if (
            not own
            or not for_us
            or not at.timestamp() < claims.get("exp", 0)
            or not self._is_new(claims)
        ):
            raise BadRequest("invalid_client", "not a fresh assertion of this client")
        return client

    def _is_new(self, claims: dict[str, Any]) -> bool:
        with self._lock:
            if not claims.get("jti") or claims["jti"] in self._seen:
                return False
            self._seen.add(claims["jti"])
            return True

    def _id_token(self, granted: _Granted, access: str, at: datetime) -> str:
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "sub": self.subject(granted.wish.client_id, granted.person),
            "aud": granted.wish.client_id,
            "azp": granted.wish.client_id,
            "iat": int(at.timestamp()),
            "exp": int((at + TOKEN_LIFE).timestamp()),
            "auth_time": int(granted.at.timestamp()),
            "nonce": granted.wish.nonce,
            "acr": "aal3",
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "jti": secrets.token_urlsafe(16),
        } | self.faults.claims
        key = self.keys[0]
        header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": "JWT"} | self.faults.header
        present = {name: value for name, value in claims.items() if value is not None}
        signing = new_key() if self.faults.foreign_key else key
        return jws.serialize_compact(header, json.dumps(present), signing, [ALGORITHM])


def new_key() -> ECKey:
    """A fresh P-256 key."""
    return ECKey.generate_key("P-256")


def _public(key: ECKey) -> dict[str, Any]:
    named = {"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
    return {**key.as_dict(private=False), **named}


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
