"""Another party's keys: only ES256, only by the name that party gave, whatever a header says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.crypto.errors import TokenRejected
from app.crypto.published_keys import MOST_KEYS, PublishedKeys

KEY = ECKey.generate_key("P-256")
STRANGER = ECKey.generate_key("P-256")
PUBLIC: dict[str, Any] = {**KEY.as_dict(private=False), "kid": "one", "use": "sig"}


def signed(claims: object = None, *, key: ECKey = KEY, **header: Any) -> str:
    content = json.dumps({"sub": "x"} if claims is None else claims)
    return jws.serialize_compact({"alg": "ES256", "kid": "one"} | header, content, key, ["ES256"])


def keys(*entries: dict[str, Any]) -> PublishedKeys:
    return PublishedKeys.from_jwks({"keys": list(entries or (PUBLIC,))})


def test_a_token_by_a_published_key_holds() -> None:
    assert keys().holds("one")
    assert keys().verify(signed(typ="JWT")) == {"sub": "x"}


def test_keys_of_other_kinds_are_left_out() -> None:
    rsa = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "rsa"}
    curve = {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "curve"}
    sealing = {**PUBLIC, "kid": "enc", "use": "enc"}
    nameless = {name: value for name, value in PUBLIC.items() if name != "kid"}
    found = keys(rsa, curve, sealing, nameless, PUBLIC)
    assert [name for name in ("rsa", "curve", "enc", "one") if found.holds(name)] == ["one"]


def test_a_header_brings_no_key_along() -> None:
    public = STRANGER.as_dict(private=False)
    for header in (
        {"jwk": public},
        {"jku": "https://elsewhere.example/jwks"},
        {"kid": "two"},
        {"x5u": "https://elsewhere.example/x"},
    ):
        with pytest.raises(TokenRejected):
            keys().verify(signed(key=STRANGER, **header))
    with pytest.raises(TokenRejected):
        keys().verify(signed(jku="https://elsewhere.example/jwks"))


def test_another_algorithm_is_refused() -> None:
    secret = OctKey.import_key(json.dumps(PUBLIC))
    confused = jws.serialize_compact({"alg": "HS256", "kid": "one"}, "{}", secret, ["HS256"])
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.e30."  # {"alg":"none","kid":"one"}
    for token in (confused, unsigned, "", "a.b.c", signed() + "A", signed([])):
        with pytest.raises(TokenRejected):
            keys().verify(token)


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": 7}, {"keys": [PUBLIC] * (MOST_KEYS + 1)}, {"keys": [PUBLIC | {"x": "!"}]}]
)
def test_a_set_that_is_none_is_refused(jwks: dict[str, Any]) -> None:
    with pytest.raises(TokenRejected):
        PublishedKeys.from_jwks(jwks)
