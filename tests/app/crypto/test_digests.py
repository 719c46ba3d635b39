"""Digests agree with the published vectors; comparison knows equal from not."""

from __future__ import annotations

import pytest

from app.crypto.digests import digest, equal, keyed_hex, sha256, sha256_hex

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4 example


def test_sha_256_of_abc_is_the_standards_example() -> None:
    assert sha256_hex("abc") == sha256_hex(b"abc") == sha256(b"abc").hex() == ABC
    assert digest("sha256", b"abc").hex() == ABC
    assert digest("sha384", b"abc").hex().startswith("cb00753f45a35e8b")


def test_text_is_taken_as_utf_8() -> None:
    assert sha256_hex("見本") == sha256_hex("見本".encode())


def test_a_digest_off_the_list_is_no_digest() -> None:
    with pytest.raises(KeyError):
        digest("md5", b"abc")


def test_a_keyed_digest_needs_its_key() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert keyed_hex(b"Jefe", b"what do ya want for nothing?") == expected  # RFC 4231 case 2
    assert keyed_hex(b"other", b"what do ya want for nothing?") != expected


def test_equal_compares_text_and_bytes() -> None:
    assert equal("見本", "見本".encode())
    assert not equal(b"a", b"b")
    assert not equal("a", "aa")
