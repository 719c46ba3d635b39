"""The attack on path building: many intermediates of one name, each made by another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import process_time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.core.errors import TsunaguError
from app.jpki.path import validate
from bench.jpki_world import AT

MILLISECONDS = 1000
_LIFE = timedelta(days=365)
_ROOT, _MIDDLE, _LEAF = (
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("root", "x", "leaf")
)


@dataclass(frozen=True)
class _AnyPolicy:
    initial_policy_set: frozenset[str] = frozenset({"2.5.29.32.0"})
    initial_explicit_policy: bool = False
    initial_policy_mapping_inhibit: bool = False
    initial_any_policy_inhibit: bool = False


def path_attack(count: int) -> float:
    """Milliseconds of CPU until this many crossed intermediates are refused."""
    keys = [ec.generate_private_key(ec.SECP384R1()) for _ in range(3)]
    crowd = [
        _certificate(
            _MIDDLE, keys[n % 2], _MIDDLE if n else _ROOT, keys[1 - n % 2] if n else keys[2]
        )
        for n in range(count)
    ]
    leaf = _certificate(_LEAF, keys[2], _MIDDLE, keys[0])
    root = _certificate(_ROOT, keys[2], _ROOT, keys[2])
    started = process_time()
    with suppress(TsunaguError):
        validate(leaf, crowd, [root], [], AT, _AnyPolicy())
        raise AssertionError("an attack was accepted")
    return (process_time() - started) * MILLISECONDS


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> bytes:
    serial, public = x509.random_serial_number(), key.public_key()
    builder = x509.CertificateBuilder(issuer, subject, public, serial, AT - _LIFE, AT + _LIFE)
    authority = x509.BasicConstraints(ca=True, path_length=None)
    signed = builder.add_extension(authority, critical=True).sign(issuer_key, hashes.SHA384())
    return signed.public_bytes(Encoding.DER)
