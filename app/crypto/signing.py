"""ES256 JWS (RFC 7515, 7518 §3.4): the algorithm, the type and the set of keys are fixed by us.

Keys are EC P-256; the key id is the RFC 7638 thumbprint. Nothing in a token's header chooses the
algorithm or brings a key along: ``alg`` is ES256, ``typ`` the expected one, ``kid`` one of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol

from app.core.errors import Misconfigured
from app.crypto.errors import TokenRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

ALGORITHM = "ES256"
MAXIMUM_TOKEN_CHARACTERS = 64 * 1024
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})


def generate_key_pem() -> bytes:
    """A fresh P-256 private key, PKCS#8 PEM, unencrypted."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class SigningKey:
    """A private P-256 key that signs tokens. ``key_id`` is its RFC 7638 thumbprint."""

    _key: ECKey
    key_id: str

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read PKCS#8 PEM. Raises Misconfigured when it is not a P-256 private key."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Misconfigured("the signing key is not an unencrypted PEM private key") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise Misconfigured("the signing key is not an EC P-256 key")
        jwk = ECKey.import_key(key)
        return cls(jwk, jwk.thumbprint())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a PEM file. Raises Misconfigured when it is missing or not a P-256 key."""
        try:
            return cls.from_pem(path.read_bytes())
        except OSError as error:
            raise Misconfigured(f"the signing key {path} cannot be read") from error

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """The claims as a compact JWS with header ``alg``, ``kid`` and ``typ``."""
        header = {"alg": ALGORITHM, "kid": self.key_id, "typ": typ}
        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False)
        return jws.serialize_compact(header, payload, self._key, [ALGORITHM])

    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JWK with kid, use and alg."""
        return {
            **self._key.as_dict(private=False),
            "kid": self.key_id,
            "use": "sig",
            "alg": ALGORITHM,
        }


def public_jwks(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """A JWK Set (RFC 7517 §5) of the public halves."""
    return {"keys": [key.public_jwk() for key in keys]}


def unverified_key_id(token: str) -> str:
    """The ``kid`` a token claims: good for finding the key to try, for nothing else."""
    if len(token) > MAXIMUM_TOKEN_CHARACTERS:
        raise TokenRejected("token too long")
    try:
        return str(jws.extract_compact(token.encode()).headers()["kid"])
    except (JoseError, KeyError, ValueError, TypeError) as error:
        raise TokenRejected("no key id") from error


@dataclass(frozen=True)
class VerifyingKeys:
    """The public keys whose tokens we accept, by key id."""

    _keys: Mapping[str, ECKey]

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> Self:
        """Read a JWK Set. Raises Misconfigured when a key is not a P-256 key."""
        try:
            keys = [ECKey.import_key(entry) for entry in jwks["keys"]]
            return cls({_checked(key).thumbprint(): key for key in keys})
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise Misconfigured("the JWK Set is malformed") from error

    @classmethod
    def named(cls, key_id: str, jwk: Mapping[str, Any]) -> Self:
        """One public key that its owner calls by a name of its own, such as a gateway's id."""
        try:
            return cls({key_id: _checked(ECKey.import_key(dict(jwk)))})
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise Misconfigured("the JWK is malformed") from error

    def verify(self, token: str, *, typ: str) -> dict[str, Any]:
        """The claims of a token of this type by one of these keys. Raises TokenRejected."""
        if len(token) > MAXIMUM_TOKEN_CHARACTERS:
            raise TokenRejected("token too long")
        try:
            signed = jws.deserialize_compact(token, self._finder(typ), [ALGORITHM])
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise TokenRejected("token does not verify") from error
        if not isinstance(claims, dict):
            raise TokenRejected("claims are not an object")
        return claims

    def _finder(self, typ: str) -> Callable[[GuestProtocol], ECKey]:
        def find(guest: GuestProtocol) -> ECKey:
            header = guest.headers()
            if set(header) != _HEADER_NAMES or header["typ"] != typ:
                raise TokenRejected("another kind of token")
            key = self._keys.get(str(header["kid"]))
            if key is None:
                raise TokenRejected("unknown key")
            return key

        return find


def _checked(key: ECKey) -> ECKey:
    if key.curve_name != "P-256":
        raise Misconfigured("a verifying key is not an EC P-256 key")
    return key
