"""Builds card folders for tests: throwaway keys and certificates in the shape the card reads."""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

AUTH_PIN = "1234"
SIGN_PIN = "ABC123"
_BEGIN, _END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@functools.cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """One RSA-2048 key per name and process; making them is slow."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(unit: str, common_name: str | None = None) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI-SIMULATED"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
    ]
    if common_name:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(parts)


def _certificate(unit: str, *, subject: x509.Name, key: rsa.RSAPrivateKey, ca: bool) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_name(unit))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_key_usage(ca=ca, sign=unit.endswith("signature")), critical=True)
    )
    signed = builder.sign(private_key(f"ca {unit}"), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def _key_usage(*, ca: bool, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=sign and not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def write_card(cards: Path, name: str = "hanako", *, sign: bool = True, **changes: object) -> Path:
    """A card folder ``cards/name``; ``changes`` replace members of ``card.json``."""
    folder = cards / name
    folder.mkdir(parents=True)
    description: dict[str, object] = {
        "label": f"{name} のカード",
        "auth_pin": AUTH_PIN,
        "sign_pin": SIGN_PIN,
        "auth_tries_left": 3,
        "sign_tries_left": 5,
        "contactless": False,
        "blocked_status": "6984",
    }
    text = json.dumps(description | changes, ensure_ascii=False)
    (folder / "card.json").write_text(text, encoding="utf-8")
    _write_key(folder, "auth", "JPKI for user authentication")
    if sign:
        _write_key(folder, "sign", "JPKI for digital signature")
    return folder


def _write_key(folder: Path, name: str, unit: str) -> None:
    for file_name, content in _key_files(name, unit).items():
        (folder / file_name).write_bytes(content)


@functools.cache
def _key_files(name: str, unit: str) -> dict[str, bytes]:
    key, ca_key = private_key(name), private_key(f"ca {unit}")
    subject = _name(unit, "1311240XXXXXXXXXXXXXXXX")
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        f"{name}.key.pem": pem,
        f"{name}.cer": _certificate(unit, subject=subject, key=key, ca=False),
        f"{name}-ca.cer": _certificate(unit, subject=_name(unit), key=ca_key, ca=True),
    }
