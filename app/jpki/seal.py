"""The portal's own seal: the key with which it closes an evidence file.

The certificate file is PEM: the certificate of the current key first, its issuers after it. Older
certificates of ours may follow; evidence sealed under them is still recognised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from app.core.errors import Misconfigured
from app.jpki.certificates import MINIMUM_RSA_BITS, PARSE_ERRORS
from app.jpki.signature import SignatureAlgorithm

if TYPE_CHECKING:
    from pathlib import Path

DEVELOPMENT_NAME = "TSUNAGU-DEVELOPMENT"
_DEVELOPMENT_KEY_BITS = 3072
_PUBLIC_EXPONENT = 65537
_DEVELOPMENT_LIFE = timedelta(days=3650)


@dataclass(frozen=True)
class Seal:
    """An RSA key and the certificates (DER) around it, its own first."""

    certificates: tuple[bytes, ...]
    _key: rsa.RSAPrivateKey = field(repr=False)
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RS256

    @classmethod
    def load(cls, key_path: Path, certificate_path: Path) -> Self:
        """Read key and certificates. Raises Misconfigured when they do not belong together."""
        try:
            key = load_pem_private_key(key_path.read_bytes(), password=None)
            certificates = x509.load_pem_x509_certificates(certificate_path.read_bytes())
        except OSError as error:
            raise Misconfigured(f"the evidence seal cannot be read: {error}") from error
        except PARSE_ERRORS as error:
            raise Misconfigured("the evidence seal is not an unencrypted PEM key pair") from error
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < MINIMUM_RSA_BITS:
            raise Misconfigured("the evidence seal needs an RSA key of 2048 bits or more")
        if certificates[0].public_key() != key.public_key():
            raise Misconfigured("the evidence seal's certificate is not its key's")
        return cls(tuple(one.public_bytes(Encoding.DER) for one in certificates), key)

    @property
    def certificate(self) -> bytes:
        """The certificate of the key (DER)."""
        return self.certificates[0]

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over ``data``."""
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def generate_seal(*, at: datetime) -> tuple[bytes, bytes]:
    """A development key and its self-signed certificate, both PEM; takes up to a second."""
    key = rsa.generate_private_key(_PUBLIC_EXPONENT, _DEVELOPMENT_KEY_BITS)
    name = _development_name()
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), at, at + _DEVELOPMENT_LIFE
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, certificate.public_bytes(Encoding.PEM)


def _development_name() -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, DEVELOPMENT_NAME),
            x509.NameAttribute(NameOID.COMMON_NAME, "Evidence Seal"),
        ]
    )
