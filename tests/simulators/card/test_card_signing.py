"""The signing command: six ways to pad, two ways to name the key, and its refusals."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
import structlog
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulators.card.card import SimulatedCard
from simulators.card.folder import read_folder
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, private_key, write_card
from tests.simulators.card.terminal import (
    AUTH_KEY,
    AUTH_PIN_FILE,
    SIGN_KEY,
    SIGN_PIN_FILE,
    select,
    send,
    status,
    verify,
)

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = b"tsunagu"
DIGEST = hashlib.sha256(MESSAGE).digest()
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420") + DIGEST
SHA256 = hashes.SHA256()
PSS = padding.PSS(mgf=padding.MGF1(SHA256), salt_length=32)
PKCS1 = padding.PKCS1v15()


def command(scheme: int, data: bytes, *, reference: int = 0x80, le: bytes = b"\x00") -> bytes:
    return bytes([0x80, 0x2A, scheme, reference, len(data)]) + data + le


def ready(card: SimulatedCard) -> SimulatedCard:
    """The auth PIN shown and the auth key selected."""
    verify(card, AUTH_PIN_FILE, AUTH_PIN)
    select(card, AUTH_KEY)
    return card


def auth_public_key() -> rsa.RSAPublicKey:
    return private_key("auth").public_key()


@pytest.mark.parametrize(
    ("scheme", "data", "scheme_padding"),
    [
        (0x00, DIGEST_INFO, PKCS1),
        (0x02, DIGEST, PKCS1),
        (0x03, MESSAGE, PKCS1),
        (0x04, DIGEST, PSS),
        (0x05, MESSAGE, PSS),
    ],
)
def test_signatures_verify(
    card: SimulatedCard, scheme: int, data: bytes, scheme_padding: padding.AsymmetricPadding
) -> None:
    signature, word = send(ready(card), command(scheme, data))
    assert (len(signature), word) == (256, "9000")
    auth_public_key().verify(signature, MESSAGE, scheme_padding, SHA256)


@pytest.mark.parametrize(("scheme", "data"), [(0x00, DIGEST), (0x01, MESSAGE)])
def test_a_bare_hash_is_padded_without_digest_info(
    card: SimulatedCard, scheme: int, data: bytes
) -> None:
    signature, _ = send(ready(card), command(scheme, data))
    recovered = auth_public_key().recover_data_from_signature(signature, PKCS1, None)
    assert recovered == DIGEST


@pytest.mark.parametrize("length", [1, 245])
def test_raw_padding_takes_any_bytes(card: SimulatedCard, length: int) -> None:
    signature, _ = send(ready(card), command(0x00, b"x" * length))
    recovered = auth_public_key().recover_data_from_signature(signature, PKCS1, None)
    assert recovered == b"x" * length


@pytest.mark.parametrize(
    ("scheme", "length"), [(0, 0), (0, 246), (2, 31), (2, 33), (4, 31), (3, 0), (5, 0)]
)
def test_wrong_lengths_are_refused(card: SimulatedCard, scheme: int, length: int) -> None:
    body = bytes([length]) + b"x" * length if length else b""
    assert status(ready(card), bytes([0x80, 0x2A, scheme, 0x80]) + body + b"\x00") == "6700"


def test_an_answer_that_does_not_fit_le_is_refused(card: SimulatedCard) -> None:
    assert status(ready(card), command(2, DIGEST, le=b"\x80")) == "6700"


def test_extended_length_signs_too(card: SimulatedCard) -> None:
    extended = bytes([0x80, 0x2A, 0x02, 0x80, 0x00, 0x00, 0x20]) + DIGEST + b"\x01\x00"
    assert status(ready(card), extended) == "9000"


@pytest.mark.parametrize("scheme", [0x06, 0x80, 0xFF])
def test_unknown_schemes_are_refused(card: SimulatedCard, scheme: int) -> None:
    assert status(ready(card), command(scheme, DIGEST)) == "6A86"


@pytest.mark.parametrize(
    ("pin_file", "pin", "reference", "key"),
    [(AUTH_PIN_FILE, AUTH_PIN, 0x97, "auth"), (SIGN_PIN_FILE, SIGN_PIN, 0x9A, "sign")],
)
def test_the_key_can_be_named_in_the_command(
    card: SimulatedCard, pin_file: str, pin: str, reference: int, key: str
) -> None:
    verify(card, pin_file, pin)
    signature, _ = send(card, command(2, DIGEST, reference=reference))
    private_key(key).public_key().verify(signature, MESSAGE, PKCS1, SHA256)


@pytest.mark.parametrize(
    ("pin_file", "pin", "key"),
    [(AUTH_PIN_FILE, AUTH_PIN, SIGN_KEY), (SIGN_PIN_FILE, SIGN_PIN, AUTH_KEY)],
)
def test_each_pin_opens_only_its_own_key(
    card: SimulatedCard, pin_file: str, pin: str, key: str
) -> None:
    verify(card, pin_file, pin)
    select(card, key)
    assert status(card, command(2, DIGEST)) == "6982"


def test_signing_without_a_pin_is_refused(card: SimulatedCard) -> None:
    select(card, AUTH_KEY)
    assert status(card, command(2, DIGEST)) == "6982"


@pytest.mark.parametrize("reference", [0x80, 0x00, 0x17])
def test_signing_without_a_key_is_refused(card: SimulatedCard, reference: int) -> None:
    verify(card, AUTH_PIN_FILE, AUTH_PIN)
    assert status(card, command(2, DIGEST, reference=reference)) == "6985"


def test_a_card_without_sign_certificate_has_no_sign_key(tmp_path: Path) -> None:
    card = SimulatedCard(read_folder(write_card(tmp_path, sign=False)))
    verify(card, SIGN_PIN_FILE, SIGN_PIN)
    select(card, SIGN_KEY)
    assert status(card, command(2, DIGEST)) == "6985"


def test_signing_under_the_iso_class_is_unknown(card: SimulatedCard) -> None:
    assert status(ready(card), b"\x00" + command(2, DIGEST)[1:]) == "6D00"


def test_logs_carry_instruction_and_status_only(card: SimulatedCard) -> None:
    with structlog.testing.capture_logs() as logs:
        ready(card)
        status(card, command(2, DIGEST))
    assert {"event": "card_command", "ins": "20", "status": "9000", "log_level": "debug"} in logs
    assert {key for entry in logs for key in entry} == {"event", "ins", "status", "log_level"}
    assert AUTH_PIN.encode().hex() not in json.dumps(logs)
