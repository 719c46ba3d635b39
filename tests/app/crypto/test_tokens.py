"""Tokens are long, url-safe and never the same."""

from __future__ import annotations

import re

from app.crypto.tokens import new_digits, new_token
from app.jpki.challenge import Challenge


def test_a_token_is_256_bits_of_base64url() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_token())
    assert len({new_token() for _ in range(100)}) == 100


def test_a_token_serves_as_the_nonce_of_a_challenge() -> None:
    nonce = new_token()
    assert Challenge(nonce, "http://127.0.0.1:8000").nonce == nonce


def test_digits_are_digits() -> None:
    assert re.fullmatch(r"[0-9]{8}", new_digits(8))
    assert len({new_digits(12) for _ in range(50)}) == 50
