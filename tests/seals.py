"""The evidence seal of tests: one key a process, because making one takes up to a second."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from app.jpki.seal import Seal, generate_seal
from tests.pki import AT

if TYPE_CHECKING:
    from pathlib import Path


@cache
def seal_pems(number: int = 0) -> tuple[bytes, bytes]:
    """Key and certificate of this number, PEM; always the same ones."""
    assert number >= 0
    return generate_seal(at=AT)


def seal_files(folder: Path, number: int = 0) -> tuple[Path, Path]:
    """The same as files."""
    key, certificate = folder / f"seal-{number}.pem", folder / f"seal-{number}-certificates.pem"
    for path, pem in zip((key, certificate), seal_pems(number), strict=True):
        path.write_bytes(pem)
    return key, certificate


def make_seal(folder: Path, number: int = 0) -> Seal:
    """The seal of this number."""
    return Seal.load(*seal_files(folder, number))
