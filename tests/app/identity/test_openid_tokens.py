"""The provider's claims, description and redirect, judged without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import MultiDict

from app.core.errors import Misconfigured, TsunaguError
from app.identity.openid import Attempt, Metadata, Profile, RegisteredClient, read_id_token
from app.identity.openid_errors import PhoneTooLate, PhoneUnavailable
from app.identity.openid_forms import read_phone_answer
from app.identity.openid_provider import MAXIMUM_BYTES
from tests.phone import CLIENT_ID, PROFILE, phone_world

if TYPE_CHECKING:
    from pathlib import Path

HOME = "https://id.example"
DESCRIPTION: dict[str, Any] = {
    "issuer": HOME + "/realm",
    "authorization_endpoint": HOME + "/auth",
    "token_endpoint": HOME + "/token",
    "jwks_uri": HOME + "/certs",
}
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ATTEMPT = Attempt("s" * 43, "c" * 43)
CLAIMS: dict[str, Any] = {
    "iss": HOME + "/realm",
    "sub": "pairwise",
    "aud": CLIENT_ID,
    "iat": AT.timestamp(),
    "exp": (AT + timedelta(minutes=5)).timestamp(),
    "auth_time": AT.timestamp(),
    "nonce": ATTEMPT.nonce,
    "acr": "aal3",
}


def read(changes: dict[str, Any], at: datetime = AT) -> str:
    """The subject of these claims."""
    client = RegisteredClient(CLIENT_ID, Profile.load(PROFILE))
    metadata = Metadata.read(DESCRIPTION, HOME + "/realm")
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return read_id_token(claims, metadata, client, ATTEMPT, at=at).subject


@pytest.mark.parametrize("changes", [{}, {"aud": [CLIENT_ID]}, {"azp": CLIENT_ID}], ids=str)
def test_a_good_token_names_the_person(changes: dict[str, Any]) -> None:
    assert read(changes) == "pairwise"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://elsewhere.example"}, "phone-token-invalid"),
        ({"aud": "another-client"}, "phone-token-invalid"),
        ({"aud": [CLIENT_ID, "another-client"]}, "phone-token-invalid"),
        ({"aud": None}, "phone-token-invalid"),
        ({"azp": "another-client"}, "phone-token-invalid"),
        ({"exp": AT.timestamp()}, "phone-token-invalid"),
        ({"exp": "tomorrow"}, "phone-token-invalid"),
        ({"exp": 10**30}, "phone-token-invalid"),
        ({"exp": float("nan")}, "phone-token-invalid"),
        ({"exp": True}, "phone-token-invalid"),
        ({"iat": AT.timestamp() + 61}, "phone-token-invalid"),
        ({"iat": None}, "phone-token-invalid"),
        ({"sub": ""}, "phone-token-invalid"),
        ({"sub": None}, "phone-token-invalid"),
        ({"sub": "x" * 256}, "phone-token-invalid"),
        ({"sub": "x\0"}, "phone-token-invalid"),
        ({"nonce": "of-another-login"}, "phone-nonce-wrong"),
        ({"nonce": None}, "phone-token-invalid"),
        ({"acr": "aal1"}, "phone-too-weak"),
        ({"acr": None}, "phone-token-invalid"),
        ({"auth_time": AT.timestamp() - 961}, "phone-stale"),
        ({"auth_time": AT.timestamp() + 61}, "phone-stale"),
        ({"auth_time": None}, "phone-token-invalid"),
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(TsunaguError) as refusal:
        read(changes)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example/realm"},
        {"token_endpoint": "https://other.example/token"},
        {"authorization_endpoint": "http://id.example/auth"},
        {"jwks_uri": None},
        {"jwks_uri": "https://id.example:444/certs"},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": 7},
    ],
    ids=str,
)
def test_a_description_is_pinned_to_its_issuer(changes: dict[str, Any]) -> None:
    assert Metadata.read(DESCRIPTION, HOME + "/realm").token_endpoint == HOME + "/token"
    with pytest.raises(PhoneUnavailable):
        Metadata.read(DESCRIPTION | changes, HOME + "/realm")


def test_a_description_that_is_none_is_not_relied_on(tmp_path: Path) -> None:
    long = b'{"a":"' + b"x" * MAXIMUM_BYTES + b'"}'
    for content in (b"", b"[]", b"{}", b"{" * 5000, b"[" * 50_000, long):
        with phone_world(tmp_path) as phones:
            phones.provider.faults.wrong_content = content
            with pytest.raises(PhoneUnavailable):
                phones.client.address_for(ATTEMPT, "https://us.example/return")


def test_a_silent_provider_is_not_asked_again_at_once(tmp_path: Path) -> None:
    with phone_world(tmp_path) as phones:
        phones.provider.faults.wrong_content = b""
        with pytest.raises(PhoneUnavailable, match="JSON"):
            phones.client.address_for(ATTEMPT, "https://us.example/return")
        phones.provider.faults.wrong_content = None
        with pytest.raises(PhoneUnavailable, match="silent a moment ago"):
            phones.client.address_for(ATTEMPT, "https://us.example/return")


def test_verifier_and_nonce_differ_by_browser_and_by_login() -> None:
    others = (Attempt("t" * 43, "c" * 43), Attempt("s" * 43, "d" * 43))
    assert 43 <= len(ATTEMPT.verifier) <= 128
    for other in others:
        assert len({ATTEMPT.verifier, other.verifier, ATTEMPT.nonce, other.nonce}) == 4


def test_a_parameter_given_twice_counts_as_none() -> None:
    good = [("state", "s" * 43), ("code", "c"), ("iss", HOME)]
    answer = read_phone_answer(MultiDict(good))
    assert (answer.code, answer.issuer, answer.error) == ("c", HOME, None)
    assert read_phone_answer(MultiDict([*good, ("code", "d")])).code == ""
    assert read_phone_answer(MultiDict([*good, ("iss", HOME)])).issuer is None
    twice = [("error", "access_denied")] * 2
    assert read_phone_answer(MultiDict([*good, *twice])).error == "malformed"
    for state in ([], [("state", "s")], [("state", "s" * 43)] * 2):
        with pytest.raises(PhoneTooLate):
            read_phone_answer(MultiDict([*good[1:], *state]))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"scope": 1}'])
def test_a_profile_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Misconfigured, match="profile"):
        Profile.load(path)
