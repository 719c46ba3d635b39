"""Certificates of a hospital's own authority, for DIMSE over TLS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dicom_gateway.dimse.tls import TlsFiles

if TYPE_CHECKING:
    from pathlib import Path

FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC) + timedelta(36500)


def issue(folder: Path, name: str) -> TlsFiles:
    """A fresh authority, and one certificate of it for 127.0.0.1, as files."""
    folder.mkdir(exist_ok=True)
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above, subject = _name(f"{name} authority"), _name(name)
    root = _builder(above, above, authority).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    leaf = _builder(subject, above, own).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    files = TlsFiles(folder / f"{name}.pem", folder / f"{name}.key", folder / f"{name}-ca.pem")
    pem = serialization.Encoding.PEM
    files.certificate.write_bytes(leaf.sign(authority, hashes.SHA256()).public_bytes(pem))
    files.authorities.write_bytes(root.sign(authority, hashes.SHA256()).public_bytes(pem))
    files.key.write_bytes(
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(FROM).not_valid_after(UNTIL)
