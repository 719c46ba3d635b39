"""Names of a credential: issuer and serial. They never name a person or an account."""

from __future__ import annotations

from dataclasses import dataclass

from app.crypto.digests import sha256_hex


@dataclass(frozen=True, order=True)
class CredentialName:
    """One certificate in the world.

    ``issuer_key_id``: hex of SHA-256 over the issuer's DER name and its key identifier, because the
    generations of JPKI's authorities share one name. ``serial``: lower-case hex of any length.
    """

    issuer_key_id: str
    serial: str


def issuer_key_id(issuer_der: bytes, key_identifier: bytes) -> str:
    """64 hex digits naming one authority's name and key together."""
    return sha256_hex(issuer_der + key_identifier)


def serial_hex(serial: int) -> str:
    """The one form in which serials are kept and compared."""
    return format(serial, "x")
