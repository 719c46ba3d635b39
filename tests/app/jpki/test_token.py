"""The form of the answer, and the bytes the card signs, are those of the wire contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.crypto.digests import sha256
from app.jpki import authentication
from app.jpki.authentication import UnverifiedToken
from app.jpki.challenge import Challenge
from app.jpki.errors import MalformedToken
from app.jpki.signature import SignatureAlgorithm
from tests.pki import CHALLENGE, ORIGIN, answer

if TYPE_CHECKING:
    from simulators.jlis.card_folder import Card

SCHEMA = Path(__file__).parents[3] / "config" / "wire" / "card-login.schema.json"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "signed"},
        {"version": 2},
        {"version": True},
        {"version": "1"},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"algorithm": None},
        {"algorithm": []},
        {"certificate": None},
        {"certificate": ""},
        {"certificate": "A" * 8196},
        {"certificate": "%%%%"},
        {"certificate": "証明書"},
        {"signature": ""},
        {"signature": "A" * 1028},
        {"signature": 7},
        {"extra": 1},
    ],
)
def test_a_message_of_another_form_is_refused(card: Card, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedToken):
        UnverifiedToken.from_json(answer(card.auth) | change)


@pytest.mark.parametrize("member", ["type", "version", "certificate", "algorithm", "signature"])
def test_a_missing_member_is_refused(card: Card, member: str) -> None:
    message = answer(card.auth)
    del message[member]
    with pytest.raises(MalformedToken):
        UnverifiedToken.from_json(message)


def test_bounds_and_algorithms_are_those_of_the_wire_contract() -> None:
    token = json.loads(SCHEMA.read_text())["$defs"]["token"]["properties"]
    assert token["certificate"]["maxLength"] == authentication.MAXIMUM_CERTIFICATE_CHARACTERS
    assert token["signature"]["maxLength"] == authentication.MAXIMUM_SIGNATURE_CHARACTERS
    assert set(token["algorithm"]["enum"]) == {algorithm.value for algorithm in SignatureAlgorithm}


def test_the_signed_bytes_are_those_of_the_wire_contract() -> None:
    expected = (
        b"tsunagu-card-login-v1\x00" + sha256(ORIGIN.encode()) + sha256(CHALLENGE.nonce.encode())
    )
    assert CHALLENGE.signed_bytes == expected


@pytest.mark.parametrize("nonce", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 43 + "\n"])
def test_a_weak_or_odd_nonce_makes_no_challenge(nonce: str) -> None:
    with pytest.raises(MalformedToken):
        Challenge(nonce, ORIGIN)
