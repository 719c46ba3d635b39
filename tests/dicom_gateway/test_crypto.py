"""Access tokens: the right one opens, every other kind does not. Event reports are signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from dicom_gateway import clock
from dicom_gateway.crypto import PortalKeys, ReportSigner, TokenVerifier
from dicom_gateway.errors import Misconfigured, TokenExpired, TokenInvalid
from tests.dicom_gateway.stage import GATEWAY_ID, PORTAL, Keys, claims, make_keys, sign

if TYPE_CHECKING:
    from pathlib import Path

STUDY = "1.2.3"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path)


@pytest.fixture
def verifier(keys: Keys) -> TokenVerifier:
    return TokenVerifier(PortalKeys(keys.jwks), issuer=PORTAL, audience=GATEWAY_ID)


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], content: dict[str, Any], signature: bytes) -> str:
    """A token put together without any library's objections."""
    parts = [base64url(json.dumps(part).encode()) for part in (header, content)]
    return ".".join([*parts, base64url(signature)])


def test_a_right_token_gives_what_the_portal_granted(keys: Keys, verifier: TokenVerifier) -> None:
    content = claims(STUDY, "9.8")
    access = verifier.verify(sign(keys.portal, content), at=clock.timestamp())
    assert access.studies == {STUDY, "9.8"}
    assert access.grant == UUID(str(content["grant"]))
    assert access.expires_at == content["exp"]


def test_a_remembered_token_still_expires(keys: Keys, verifier: TokenVerifier) -> None:
    token = sign(keys.portal, claims(STUDY))
    now = clock.timestamp()
    verifier.verify(token, at=now)
    verifier.verify(token, at=now + 290)
    with pytest.raises(TokenExpired):
        verifier.verify(token, at=now + 301)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "gateway-b"}, id="for another gateway"),
        pytest.param({"aud": [GATEWAY_ID]}, id="audience as a list"),
        pytest.param({"iss": "http://elsewhere.test"}, id="from another portal"),
        pytest.param({"exp": None}, id="never expires"),
        pytest.param({"studies": []}, id="no studies"),
        pytest.param({"studies": ["1.2.3"] * 201}, id="too many studies"),
        pytest.param({"studies": ["*"]}, id="all studies"),
        pytest.param({"studies": "1.2.3"}, id="studies as text"),
        pytest.param({"jti": "7"}, id="id is no UUID"),
        pytest.param({"admin": True}, id="a claim nobody agreed on"),
        pytest.param({"grant": None}, id="no grant"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(
    keys: Keys, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    token = sign(keys.portal, claims(STUDY, **changes))
    with pytest.raises(TokenInvalid):
        verifier.verify(token, at=clock.timestamp())


@pytest.mark.parametrize(
    ("issued", "expires"),
    [
        pytest.param(0, 301, id="lives too long"),
        pytest.param(120, 240, id="issued in the future"),
        pytest.param(0.5, 240, id="time is no whole number"),
    ],
)
def test_a_token_with_wrong_times_is_refused(
    keys: Keys, verifier: TokenVerifier, issued: float, expires: int
) -> None:
    now = clock.timestamp()
    token = sign(keys.portal, claims(STUDY, iat=now + issued, exp=now + expires))
    with pytest.raises(TokenInvalid):
        verifier.verify(token, at=now)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"kid": "portal-2"}, id="another key id"),
        pytest.param({"kid": "../portal-1"}, id="a path as key id"),
        pytest.param({"typ": "tsunagu-gateway+jwt"}, id="another type"),
        pytest.param({"typ": "JWT"}, id="no type of ours"),
        pytest.param({"jku": "http://evil.test/keys"}, id="brings an address of keys"),
    ],
)
def test_a_token_with_another_header_is_refused(
    keys: Keys, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    token = sign(keys.portal, claims(STUDY), **header)
    with pytest.raises(TokenInvalid):
        verifier.verify(token, at=clock.timestamp())


def test_a_token_that_brings_its_own_key_is_refused(verifier: TokenVerifier) -> None:
    own = ECKey.generate_key("P-256", {"kid": "portal-1"})
    token = sign(own, claims(STUDY), jwk=own.as_dict(private=False))
    with pytest.raises(TokenInvalid):
        verifier.verify(token, at=clock.timestamp())


def test_a_token_of_a_stranger_under_the_portals_key_id_is_refused(
    verifier: TokenVerifier,
) -> None:
    stranger = ECKey.generate_key("P-256")
    with pytest.raises(TokenInvalid):
        verifier.verify(sign(stranger, claims(STUDY)), at=clock.timestamp())


def test_no_algorithm_is_no_signature(verifier: TokenVerifier) -> None:
    head = {"alg": "none", "typ": "tsunagu-image-access+jwt", "kid": "portal-1"}
    with pytest.raises(TokenInvalid):
        verifier.verify(by_hand(head, claims(STUDY), b""), at=clock.timestamp())


def test_the_public_key_is_no_shared_secret(keys: Keys, verifier: TokenVerifier) -> None:
    head = {"alg": "HS256", "typ": "tsunagu-image-access+jwt", "kid": "portal-1"}
    for secret in (keys.portal.as_pem(private=False), keys.jwks.read_bytes()):
        unsigned = by_hand(head, claims(STUDY), b"").rstrip(".")
        signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        with pytest.raises(TokenInvalid):
            verifier.verify(f"{unsigned}.{base64url(signature)}", at=clock.timestamp())


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "x" * 40_000, "é.é.é"])
def test_what_is_no_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(TokenInvalid):
        verifier.verify(token, at=clock.timestamp())


def test_one_changed_character_breaks_the_token(keys: Keys, verifier: TokenVerifier) -> None:
    head, body, signature = sign(keys.portal, claims(STUDY)).split(".")
    other = "A" if body[10] != "A" else "B"
    with pytest.raises(TokenInvalid):
        verifier.verify(f"{head}.{body[:10]}{other}{body[11:]}.{signature}", at=clock.timestamp())


def test_a_key_published_later_is_found(keys: Keys, verifier: TokenVerifier) -> None:
    verifier.verify(sign(keys.portal, claims(STUDY)), at=clock.timestamp())
    new = ECKey.generate_key("P-256", {"kid": "portal-2"})
    keys.jwks.write_text(json.dumps(KeySet([keys.portal, new]).as_dict(private=False)))
    access = verifier.verify(sign(new, claims(STUDY), kid="portal-2"), at=clock.timestamp())
    assert access.studies == {STUDY}


def test_missing_portal_keys_are_said_plainly(tmp_path: Path, keys: Keys) -> None:
    verifier = TokenVerifier(
        PortalKeys(tmp_path / "nowhere.json"), issuer=PORTAL, audience=GATEWAY_ID
    )
    with pytest.raises(Misconfigured, match="nowhere"):
        verifier.verify(sign(keys.portal, claims(STUDY)), at=clock.timestamp())


def test_a_report_is_signed_for_the_portal_and_bound_to_its_body(keys: Keys) -> None:
    signer = ReportSigner(keys.signing_key, gateway_id=GATEWAY_ID, portal_origin=PORTAL)
    token = jws.deserialize_compact(
        signer.bearer(b"body", at=1_000), keys.gateway, algorithms=["ES256"]
    )
    assert token.headers() == {"alg": "ES256", "typ": "tsunagu-gateway+jwt", "kid": GATEWAY_ID}
    content = json.loads(token.payload)
    assert (content["iss"], content["aud"]) == (GATEWAY_ID, PORTAL)
    assert content["exp"] - content["iat"] <= 60
    assert content["body_sha256"] == base64url(hashlib.sha256(b"body").digest())


def test_a_missing_signing_key_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="signing key"):
        ReportSigner(tmp_path / "none.pem", gateway_id=GATEWAY_ID, portal_origin=PORTAL)
