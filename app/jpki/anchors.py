"""Pinned roots, and the type that says a certificate was proved to come from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from cryptography import x509

from app.core.errors import Misconfigured
from app.jpki.certificates import JpkiCertificate, PublicKey, require_known_key
from app.jpki.errors import IssuerNotValid
from app.jpki.names import issuer_key_id

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.signature import SignatureAlgorithm
    from config.settings import RevocationPolicy

CertificateT = TypeVar("CertificateT", bound=JpkiCertificate)
CertificateT_co = TypeVar("CertificateT_co", bound=JpkiCertificate, covariant=True)


@dataclass(frozen=True)
class TrustAnchor:
    """One pinned root. ``algorithms`` are those its leaves may answer with.

    ``revocation`` says how the status of its leaves is asked; None leaves it to the setting.
    """

    certificate: x509.Certificate
    der: bytes
    subject_der: bytes
    key_identifier: bytes
    generation: int
    algorithms: frozenset[SignatureAlgorithm]
    may_sign_crls: bool
    public_key: PublicKey
    revocation: RevocationPolicy | None = None

    @property
    def key_id(self) -> str:
        """As in ``CredentialName.issuer_key_id``."""
        return issuer_key_id(self.subject_der, self.key_identifier)

    @classmethod
    def read(
        cls,
        der: bytes,
        *,
        generation: int,
        algorithms: frozenset[SignatureAlgorithm],
        revocation: RevocationPolicy | None = None,
    ) -> Self:
        """Read a root and check its purpose. Raises Misconfigured."""
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        identifier = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        if not (constraints.ca and usage.key_cert_sign):
            raise Misconfigured("a pinned anchor is not a certificate authority")
        if not algorithms:
            raise Misconfigured("a pinned anchor allows no algorithm")
        return cls(
            certificate,
            der,
            certificate.subject.public_bytes(),
            identifier.digest,
            generation,
            algorithms,
            usage.crl_sign,
            require_known_key(certificate.public_key()),
            revocation,
        )

    def require_valid(self, at: datetime) -> None:
        """Raises IssuerNotValid outside the anchor's own validity."""
        since, until = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        if not since <= at <= until:
            raise IssuerNotValid("the anchor is outside its validity")


@dataclass(frozen=True)
class ProvenPath(Generic[CertificateT_co]):
    """A certificate that a pinned anchor made, valid at ``at``. Its revocation is still open."""

    certificate: CertificateT_co
    anchor: TrustAnchor
    at: datetime
