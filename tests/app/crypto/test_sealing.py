"""Sealed bytes open where they were sealed, with a key we hold, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.core.errors import Misconfigured
from app.crypto.errors import SealBroken
from app.crypto.sealing import Sealer, key_line, new_sealing_key

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = new_sealing_key(), new_sealing_key()
CONTEXT = "identity.evidence:1"


@pytest.mark.parametrize("plain", [b"", b"x", "見本　太郎".encode(), b"\x00" * 100_000])
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    sealer = Sealer.of(NEW)
    sealed = sealer.seal(plain, context=CONTEXT)
    assert sealer.open(sealed, context=CONTEXT) == plain
    assert len(sealed) == len(plain) + 37


def test_no_two_seals_are_alike_and_none_shows_its_content() -> None:
    sealer = Sealer.of(NEW)
    first, second = (sealer.seal(b"the secret", context=CONTEXT) for _ in range(2))
    assert first != second
    assert b"secret" not in first


def test_sealed_bytes_cannot_be_moved_to_another_row() -> None:
    sealer = Sealer.of(NEW)
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"x", context=CONTEXT), context="identity.evidence:2")


def test_every_changed_byte_breaks_the_seal() -> None:
    sealer = Sealer.of(NEW)
    sealed = sealer.seal(b"secret", context=CONTEXT)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            sealer.open(bytes(altered), context=CONTEXT)


def test_a_rotated_key_still_opens_but_no_longer_seals() -> None:
    before = Sealer.of(OLD).seal(b"x", context=CONTEXT)
    rotated = Sealer.of(NEW, older=[OLD])
    assert rotated.open(before, context=CONTEXT) == b"x"
    assert not rotated.is_current(before)
    assert rotated.is_current(rotated.seal(b"x", context=CONTEXT))


def test_a_key_that_is_gone_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        Sealer.of(NEW).open(Sealer.of(OLD).seal(b"x", context=CONTEXT), context=CONTEXT)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 36, b"\x02" * 60])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer.of(NEW).open(sealed, context=CONTEXT)


@pytest.mark.parametrize("key", [b"", b"k" * 16, b"k" * 33])
def test_a_key_has_256_bits(key: bytes) -> None:
    with pytest.raises(Misconfigured):
        Sealer.of(key)


def test_keys_never_show() -> None:
    assert NEW.hex() not in repr(Sealer.of(NEW))
    assert str(NEW) not in repr(Sealer.of(NEW))


def test_a_key_file_names_the_current_key_first(tmp_path: Path) -> None:
    path = tmp_path / "sealing-keys"
    path.write_text(key_line(NEW) + key_line(OLD), encoding="ascii")
    sealer = Sealer.load(path)
    assert sealer.is_current(Sealer.of(NEW).seal(b"x", context=CONTEXT))
    assert sealer.open(Sealer.of(OLD).seal(b"x", context=CONTEXT), context=CONTEXT) == b"x"


@pytest.mark.parametrize("content", [None, "", "not base64 %%%", "c2hvcnQ=\n"])
def test_a_key_file_that_cannot_be_used_stops_the_start(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "sealing-keys"
    if content is not None:
        path.write_text(content, encoding="ascii")
    with pytest.raises(Misconfigured):
        Sealer.load(path)
