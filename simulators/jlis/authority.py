"""One certificate authority: a hierarchy's root in one generation, with its OCSP responder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from simulators.jlis import profile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from simulators.jlis.profile import Purpose

PUBLIC_EXPONENT = 65537
KEY_BITS = 2048


def new_key() -> rsa.RSAPrivateKey:
    """A fresh RSA-2048 key; takes 50 to 150 ms."""
    return rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS)


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS#8 PEM, unencrypted: these keys protect nothing."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_key(path: Path) -> rsa.RSAPrivateKey:
    """Read a key written by ``key_pem``."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} is not an RSA key")
    return key


def der(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Authority:
    """Root key and certificate of one generation, and the responder it entrusted with OCSP."""

    purpose: Purpose
    generation: int
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    responder_key: rsa.RSAPrivateKey
    responder: x509.Certificate

    @property
    def name(self) -> str:
        """``auth-g3``: names its files and addresses."""
        return f"{self.purpose}-g{self.generation}"

    @classmethod
    def create(
        cls,
        purpose: Purpose,
        generation: int,
        *,
        valid_from: datetime,
        valid_until: datetime,
        key: rsa.RSAPrivateKey | None = None,
        responder_key: rsa.RSAPrivateKey | None = None,
    ) -> Self:
        """A new root of this generation; keys may be handed in to save time."""
        key, responder_key = key or new_key(), responder_key or new_key()
        builder = profile.root_builder(
            purpose, key.public_key(), valid_from=valid_from, valid_until=valid_until
        )
        root = builder.sign(key, hashes.SHA256())
        responder = profile.responder_builder(
            purpose, root, responder_key.public_key(), valid_until=valid_until
        ).sign(key, hashes.SHA256())
        return cls(purpose, generation, key, root, responder_key, responder)

    def save(self, folder: Path) -> None:
        """Write keys and certificates."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.key.pem").write_bytes(key_pem(self.key))
        (folder / f"{self.name}.cer").write_bytes(der(self.certificate))
        (folder / f"{self.name}-ocsp.key.pem").write_bytes(key_pem(self.responder_key))
        (folder / f"{self.name}-ocsp.cer").write_bytes(der(self.responder))

    @classmethod
    def load(cls, folder: Path, purpose: Purpose, generation: int) -> Self:
        """Read what ``save`` wrote."""
        name = f"{purpose}-g{generation}"
        return cls(
            purpose,
            generation,
            load_key(folder / f"{name}.key.pem"),
            x509.load_der_x509_certificate((folder / f"{name}.cer").read_bytes()),
            load_key(folder / f"{name}-ocsp.key.pem"),
            x509.load_der_x509_certificate((folder / f"{name}-ocsp.cer").read_bytes()),
        )

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign a certificate with this root's key (SHA-256 with RSA)."""
        return builder.sign(self.key, hashes.SHA256())
