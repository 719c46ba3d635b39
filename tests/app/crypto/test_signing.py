"""Signed tokens: ours are accepted, and every known confusion is refused."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from app.core.errors import Misconfigured
from app.crypto.errors import TokenRejected
from app.crypto.signing import SigningKey, VerifyingKeys, generate_key_pem, public_jwks

if TYPE_CHECKING:
    from pathlib import Path

TYP = "tsunagu-image-access+jwt"
CLAIMS = {"aud": "gateway-a", "name": "見本"}
PEM = generate_key_pem()


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.from_pem(PEM)


@pytest.fixture
def keys(key: SigningKey) -> VerifyingKeys:
    return VerifyingKeys.from_jwks(public_jwks([key]))


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_of_ours_is_accepted(key: SigningKey, keys: VerifyingKeys) -> None:
    token = key.sign(CLAIMS, typ=TYP)
    assert keys.verify(token, typ=TYP) == CLAIMS
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "kid": key.key_id, "typ": TYP}


def test_only_public_halves_are_published(key: SigningKey) -> None:
    (jwk,) = public_jwks([key])["keys"]
    assert "d" not in jwk
    assert (jwk["kid"], jwk["crv"], jwk["use"], jwk["alg"]) == (key.key_id, "P-256", "sig", "ES256")


def test_another_type_of_token_is_refused(key: SigningKey, keys: VerifyingKeys) -> None:
    with pytest.raises(TokenRejected):
        keys.verify(key.sign(CLAIMS, typ="tsunagu-event+jwt"), typ=TYP)


def test_another_key_is_refused(keys: VerifyingKeys) -> None:
    stranger = SigningKey.from_pem(generate_key_pem())
    with pytest.raises(TokenRejected):
        keys.verify(stranger.sign(CLAIMS, typ=TYP), typ=TYP)


def test_another_key_under_our_key_id_is_refused(key: SigningKey, keys: VerifyingKeys) -> None:
    header = {"alg": "ES256", "kid": key.key_id, "typ": TYP}
    stranger = ECKey.generate_key("P-256")
    token = jws.serialize_compact(header, json.dumps(CLAIMS), stranger, ["ES256"])
    with pytest.raises(TokenRejected):
        keys.verify(token, typ=TYP)


def test_altered_claims_are_refused(key: SigningKey, keys: VerifyingKeys) -> None:
    header, _, signature = key.sign(CLAIMS, typ=TYP).split(".")
    with pytest.raises(TokenRejected):
        keys.verify(".".join([header, segment({"aud": "gateway-b"}), signature]), typ=TYP)


def test_no_algorithm_is_no_signature(key: SigningKey, keys: VerifyingKeys) -> None:
    header = {"alg": "none", "kid": key.key_id, "typ": TYP}
    with pytest.raises(TokenRejected):
        keys.verify(f"{segment(header)}.{segment(CLAIMS)}.", typ=TYP)


def test_the_public_key_is_no_shared_secret(key: SigningKey, keys: VerifyingKeys) -> None:
    public = json.dumps(key.public_jwk()).encode()
    header = {"alg": "HS256", "kid": key.key_id, "typ": TYP}
    token = jws.serialize_compact(header, json.dumps(CLAIMS), OctKey.import_key(public), ["HS256"])
    with pytest.raises(TokenRejected):
        keys.verify(token, typ=TYP)


@pytest.mark.parametrize("extra", [{"jwk": {}}, {"jku": "https://evil.example"}, {"crit": ["b64"]}])
def test_a_header_that_brings_more_is_refused(
    key: SigningKey, keys: VerifyingKeys, extra: dict[str, Any]
) -> None:
    _, claims, signature = key.sign(CLAIMS, typ=TYP).split(".")
    header = {"alg": "ES256", "kid": key.key_id, "typ": TYP} | extra
    with pytest.raises(TokenRejected):
        keys.verify(".".join([segment(header), claims, signature]), typ=TYP)


def test_even_our_own_key_signs_no_other_header(key: SigningKey, keys: VerifyingKeys) -> None:
    header = {"alg": "ES256", "kid": key.key_id, "typ": TYP, "cty": "JWT"}
    token = jws.serialize_compact(header, json.dumps(CLAIMS), ECKey.import_key(PEM), ["ES256"])
    with pytest.raises(TokenRejected):
        keys.verify(token, typ=TYP)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "見本", "a" * 70_000, "e30.e30.e30"])
def test_what_is_no_token_is_refused(keys: VerifyingKeys, token: str) -> None:
    with pytest.raises(TokenRejected):
        keys.verify(token, typ=TYP)


def test_claims_must_be_an_object(key: SigningKey, keys: VerifyingKeys) -> None:
    header = {"alg": "ES256", "kid": key.key_id, "typ": TYP}
    token = jws.serialize_compact(header, "[1]", ECKey.import_key(PEM), ["ES256"])
    with pytest.raises(TokenRejected):
        keys.verify(token, typ=TYP)


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"not a key",
        pem_of(ec.generate_private_key(ec.SECP384R1())),
        pem_of(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["empty", "text", "p-384", "rsa"],
)
def test_only_a_p256_key_signs(pem: bytes) -> None:
    with pytest.raises(Misconfigured):
        SigningKey.from_pem(pem)


def test_a_missing_key_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"missing\.pem"):
        SigningKey.load(tmp_path / "missing.pem")


def test_a_key_file_is_read(tmp_path: Path, key: SigningKey) -> None:
    (tmp_path / "key.pem").write_bytes(PEM)
    assert SigningKey.load(tmp_path / "key.pem").key_id == key.key_id


@pytest.mark.parametrize("jwks", [{}, {"keys": 1}, {"keys": [{}]}, {"keys": [{"kty": "oct"}]}])
def test_a_broken_key_set_is_refused(jwks: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        VerifyingKeys.from_jwks(jwks)


def test_a_key_set_of_another_curve_is_refused() -> None:
    other = ECKey.generate_key("P-384").as_dict(private=False)
    with pytest.raises(Misconfigured):
        VerifyingKeys.from_jwks({"keys": [other]})
