"""The gateway's only cryptography: access tokens are checked here, event reports are signed here.

Wire contracts in ``config/wire``: ``image-access-token``, ``gateway-events`` and
``gateway-enrolment``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from dicom_gateway.errors import Misconfigured, TokenExpired, TokenInvalid

if TYPE_CHECKING:
    from pathlib import Path

ACCESS_TOKEN_TYPE: Final = "tsunagu-image-access+jwt"  # noqa: S105 - a media type
REPORT_TOKEN_TYPE: Final = "tsunagu-gateway+jwt"  # noqa: S105 - a media type
ENROLMENT_TOKEN_TYPE: Final = "tsunagu-enrolment+jwt"  # noqa: S105 - a media type
MAXIMUM_LIFE_SECONDS: Final = 300
MAXIMUM_CLOCK_LEAD_SECONDS: Final = 30
MAXIMUM_TOKEN_CHARACTERS: Final = 32 * 1024
MAXIMUM_STUDIES: Final = 200
REPORT_LIFE_SECONDS: Final = 60
_HEADER: Final = {"alg", "typ", "kid"}
_CLAIMS: Final = {"iss", "aud", "sub", "iat", "exp", "jti", "grant", "studies"}
_STORE: Final = "store"
_STUDY: Final = re.compile(r"[0-9.]{1,64}", re.ASCII)
_CACHED_TOKENS: Final = 4096


@dataclass(frozen=True)
class Access:
    """What a verified token allows: exactly these studies, until ``expires_at`` (Unix seconds)."""

    token_id: UUID
    grant: UUID
    studies: frozenset[str]
    expires_at: int
    may_store: bool = False


def digest(data: bytes | memoryview) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


class RunningDigest:
    """SHA-256 over bytes that come piece by piece."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        """Take the next piece."""
        self._state.update(data)

    def value(self) -> bytes:
        """The digest of all pieces so far, 32 bytes."""
        return self._state.digest()


class PortalKeys:
    """The portal's public keys, read from a JWKS file and read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_mtime: int | None = None
        self._keys: dict[str, ECKey] = {}

    def key(self, kid: str) -> ECKey:
        """The P-256 key of this id.

        Raises:
            TokenInvalid: the portal has published no such key.
        """
        if kid not in self._keys:
            self._read_if_changed()
        if kid not in self._keys:
            raise TokenInvalid("token names a key the portal has not published")
        return self._keys[kid]

    def count(self) -> int:
        """How many keys the file holds.

        Raises:
            Misconfigured: none, or the file cannot be read.
        """
        self._read_if_changed()
        if not self._keys:
            raise Misconfigured(f"no key of the portal in {self._path}")
        return len(self._keys)

    def _read_if_changed(self) -> None:
        try:
            mtime = self._path.stat().st_mtime_ns
            if mtime == self._read_mtime:
                return
            keys = KeySet.import_key_set(json.loads(self._path.read_text("utf-8"))).keys
        except (OSError, ValueError, JoseError) as error:
            raise Misconfigured(f"portal keys cannot be read: {self._path}") from error
        self._keys = {key.kid: key for key in keys if isinstance(key, ECKey) and key.kid}
        self._read_mtime = mtime


class TokenVerifier:
    """Checks image-access tokens for one gateway; a verified one is remembered until it expires."""

    def __init__(self, keys: PortalKeys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._verified: dict[bytes, Access] = {}
        self._lock = threading.Lock()

    def verify(self, token: str, *, at: int) -> Access:
        """Prove that the portal allows this token's holder to read here now (Unix seconds).

        Raises:
            TokenExpired: all is right but the time.
            TokenInvalid: anything else.
        """
        if len(token) > MAXIMUM_TOKEN_CHARACTERS or not token.isascii():
            raise TokenInvalid("token is too long or not ASCII")
        name = digest(token.encode("ascii"))
        access = self._verified.get(name)
        if access is None:
            access = self._verify_new(token, at=at)
            self._remember(name, access, at=at)
        if access.expires_at <= at:
            raise TokenExpired("token has expired")
        return access

    def _remember(self, name: bytes, access: Access, *, at: int) -> None:
        with self._lock:
            if len(self._verified) >= _CACHED_TOKENS:
                live = {k: v for k, v in self._verified.items() if v.expires_at > at}
                self._verified = live if len(live) < _CACHED_TOKENS else {}
            self._verified[name] = access

    def _verify_new(self, token: str, *, at: int) -> Access:
        header, payload = self._signed_parts(token)
        if header["typ"] != ACCESS_TOKEN_TYPE:
            raise TokenInvalid("token is of another type")
        claims = _json_object(payload)
        if set(claims) - {_STORE} != _CLAIMS or claims.get(_STORE, True) is not True:
            raise TokenInvalid("token has other claims than agreed")
        if claims["iss"] != self._issuer or claims["aud"] != self._audience:
            raise TokenInvalid("token is from another portal or for another gateway")
        expires_at = _checked_times(claims["iat"], claims["exp"], at=at)
        studies = _checked_studies(claims["studies"])
        _uuid(claims["sub"])
        token_id, grant = _uuid(claims["jti"]), _uuid(claims["grant"])
        return Access(token_id, grant, studies, expires_at, may_store=_STORE in claims)

    def _signed_parts(self, token: str) -> tuple[dict[str, Any], bytes]:
        try:
            head = jws.extract_compact(token.encode("ascii")).headers()
            if set(head) != _HEADER or head["alg"] != "ES256" or not isinstance(head["kid"], str):
                raise TokenInvalid("token header is not as agreed")
            checked = jws.deserialize_compact(
                token, self._keys.key(head["kid"]), algorithms=["ES256"]
            )
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TokenInvalid("token signature does not hold") from error
        return head, checked.payload


def _json_object(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise TokenInvalid("token claims are not JSON") from error
    if not isinstance(claims, dict):
        raise TokenInvalid("token claims are not an object")
    return claims


def _checked_times(issued_at: object, expires_at: object, *, at: int) -> int:
    if type(issued_at) is not int or type(expires_at) is not int:
        raise TokenInvalid("token times are not whole seconds")
    if not 0 < expires_at - issued_at <= MAXIMUM_LIFE_SECONDS:
        raise TokenInvalid("token lives longer than five minutes")
    if issued_at > at + MAXIMUM_CLOCK_LEAD_SECONDS:
        raise TokenInvalid("token was issued in the future")
    return expires_at


def _checked_studies(studies: object) -> frozenset[str]:
    if not isinstance(studies, list) or not 1 <= len(studies) <= MAXIMUM_STUDIES:
        raise TokenInvalid("token names no studies or too many")
    if not all(isinstance(uid, str) and _STUDY.fullmatch(uid) for uid in studies):
        raise TokenInvalid("token names a study that is no identifier")
    return frozenset(studies)


def _uuid(value: object) -> UUID:
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError as error:
        raise TokenInvalid("token carries an id that is no UUID") from error


class ReportSigner:
    """Signs event reports with this gateway's own key."""

    def __init__(self, key_path: Path, *, gateway_id: str, portal_origin: str) -> None:
        try:
            self._key = ECKey.import_key(key_path.read_text("ascii"))
        except (OSError, ValueError, JoseError) as error:
            raise Misconfigured(f"signing key cannot be read: {key_path}") from error
        self._gateway_id = gateway_id
        self._portal_origin = portal_origin

    def bearer(self, body: bytes, *, at: int, kind: str = REPORT_TOKEN_TYPE) -> str:
        """A token of one minute, bound to this request body."""
        header = {"alg": "ES256", "typ": kind, "kid": self._gateway_id}
        claims = {
            "iss": self._gateway_id,
            "aud": self._portal_origin,
            "iat": at,
            "exp": at + REPORT_LIFE_SECONDS,
            "jti": str(uuid4()),
            "body_sha256": base64.urlsafe_b64encode(digest(body)).rstrip(b"=").decode("ascii"),
        }
        return jws.serialize_compact(header, json.dumps(claims).encode(), self._key)

    def public_jwk(self) -> dict[str, str]:
        """The public half: ``kty``, ``crv``, ``x``, ``y`` (RFC 7518 §6.2.1)."""
        whole = self._key.as_dict(private=False)
        return {name: str(whole[name]) for name in ("kty", "crv", "x", "y")}


def new_signing_key() -> bytes:
    """A fresh EC P-256 private key, unencrypted PKCS#8 PEM."""
    return ECKey.generate_key("P-256").as_pem(private=True)
