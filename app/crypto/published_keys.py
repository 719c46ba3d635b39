"""Keys another party publishes (JWK Set, RFC 7517), by the names that party gave them.

Only EC P-256 keys count and only ES256 is verified. Of a token's header nothing but ``kid`` chooses
the key: an address or a key inside it is never followed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.crypto.errors import TokenRejected
from app.crypto.signing import ALGORITHM, unverified_key_id

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_KEYS = 32
_CURVE = "P-256"
_CARRIES_A_KEY = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})


@dataclass(frozen=True)
class PublishedKeys:
    """The P-256 signing keys of one JWK Set; keys of other kinds are left out."""

    _keys: Mapping[str, ECKey]

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> Self:
        """Read a JWK Set. Raises TokenRejected when it is none or holds too many keys."""
        entries = jwks.get("keys")
        if not isinstance(entries, list) or len(entries) > MOST_KEYS:
            raise TokenRejected("not a set of keys")
        usable = [entry for entry in entries if _is_for_signatures(entry)]
        try:
            return cls({str(entry["kid"]): ECKey.import_key(dict(entry)) for entry in usable})
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRejected("a key that is none") from error

    def holds(self, key_id: str) -> bool:
        """Whether a key of this name is among them."""
        return key_id in self._keys

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token signed by one of these keys. Raises TokenRejected."""
        key = self._keys.get(unverified_key_id(token))
        if key is None:
            raise TokenRejected("unknown key")
        try:
            signed = jws.deserialize_compact(token, key, [ALGORITHM])
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise TokenRejected("token does not verify") from error
        if _CARRIES_A_KEY & signed.headers().keys() or not isinstance(claims, dict):
            raise TokenRejected("another kind of token")
        return claims


def _is_for_signatures(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and (entry.get("kty"), entry.get("crv")) == ("EC", _CURVE)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", ALGORITHM) == ALGORITHM
        and isinstance(entry.get("kid"), str)
    )
