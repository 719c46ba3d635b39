"""Signed documents: CMS SignedData by a card's signature key over the text that was shown, or PDF.

config/wire/card-login.schema.json: one signer, SHA-256, the text encapsulated byte for byte, signed
attributes contentType and messageDigest (and ESS signing-certificate-v2, which must name the same
certificate when it is there). Path and status are ours, integrity is ``signed_data``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from asn1crypto import cms
from pyhanko.sign.validation.generic_cms import extract_self_reported_ts

from app.jpki.accidents import refuse_accidents
from app.jpki.authentication import require_listed
from app.jpki.certificates import read_signature_certificate
from app.jpki.errors import (
    CertificateRevoked,
    MalformedDocument,
    SigningCertificateRevoked,
    WrongDocument,
)
from app.jpki.pades import read_pdf
from app.jpki.revocation import CheckPurpose, prove_standing
from app.jpki.signed_data import SignedParts, read_parts, require_own_content

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.anchors import ProvenPath
    from app.jpki.attributes import FourAttributes
    from app.jpki.certificates import SignatureCertificate
    from app.jpki.names import CredentialName
    from app.jpki.revocation import NotRevoked, RevocationSource
    from app.jpki.trust import Carrier, TrustStore

MAXIMUM_BYTES = 48 * 1024


@dataclass(frozen=True)
class VerifiedSigner:
    """Proof that the holder of a live signature certificate signed exactly this text.

    ``claimed_signing_time`` is what the signer's own clock said, no proof. ``attributes`` are read
    from the certificate, which the path proved to be JPKI's.
    """

    credential: CredentialName
    attributes: FourAttributes
    claimed_signing_time: datetime | None
    not_after: datetime
    generation: int
    simulated: bool
    carrier: Carrier
    status: NotRevoked

    @classmethod
    def of(
        cls,
        path: ProvenPath[SignatureCertificate],
        status: NotRevoked,
        *,
        claimed_signing_time: datetime | None,
        trust: TrustStore,
    ) -> Self:
        """The signer whom a proved path and a proved status name."""
        return cls(
            credential=path.certificate.credential,
            attributes=path.certificate.attributes,
            claimed_signing_time=claimed_signing_time,
            not_after=path.certificate.not_after,
            generation=path.anchor.generation,
            simulated=trust.simulated,
            carrier=trust.signature.carrier_of(path.certificate),
            status=status,
        )


def verify_document(
    cms_der: bytes,
    expected_text: str,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
    purpose: CheckPurpose = CheckPurpose.CONSENT,
) -> VerifiedSigner:
    """Prove that a live signature certificate signed ``expected_text``, whole and nothing else.

    Raises a JpkiRejected when the proof does not hold (WrongDocument when a good signature is over
    another text) and an IndeterminateStatus when the certificate's status cannot be known.
    """
    parts = read_document(cms_der)
    path = signer_path(parts, trust, at=at)
    not_revoked = _prove_standing(path, status, at, purpose)
    require_text(parts, expected_text)
    return VerifiedSigner.of(
        path, not_revoked, claimed_signing_time=claimed_time(parts), trust=trust
    )


def verify_pdf(
    pdf: bytes,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
    purpose: CheckPurpose = CheckPurpose.DOCUMENT,
) -> VerifiedSigner:
    """Prove that a live signature certificate signed this PDF as it lies here (PAdES).

    Raises as ``verify_document``, and AlteredAfterSigning.
    """
    parts = read_pdf(pdf)
    path = signer_path(parts, trust, at=at)
    not_revoked = _prove_standing(path, status, at, purpose)
    return VerifiedSigner.of(path, not_revoked, claimed_signing_time=None, trust=trust)


def read_document(cms_der: bytes) -> SignedParts:
    """The parts of a signed text, nothing proved. Raises MalformedDocument, AlgorithmNotAllowed."""
    if len(cms_der) > MAXIMUM_BYTES:
        raise MalformedDocument("too long")
    return refuse_accidents(lambda: _read(cms_der), MalformedDocument)


def signer_path(
    parts: SignedParts, trust: TrustStore, *, at: datetime
) -> ProvenPath[SignatureCertificate]:
    """The signer's certificate with its path to a pinned anchor at an instant.

    Raises CertificateRejected, AlgorithmNotAllowed.
    """
    certificate = read_signature_certificate(
        parts.certificate.dump(), policies=trust.signature.policies
    )
    path = trust.path_to_anchor(certificate, at=at)
    require_listed(parts.algorithm, path.anchor)
    return path


def require_text(parts: SignedParts, expected_text: str) -> None:
    """Prove that exactly this text was signed.

    Raises MalformedDocument, SignatureInvalid, WrongDocument.
    """
    content = refuse_accidents(lambda: require_own_content(parts), MalformedDocument)
    if content != expected_text.encode():
        raise WrongDocument("another text than the one shown")


def claimed_time(parts: SignedParts) -> datetime | None:
    """What the signer's own clock said. Raises MalformedDocument."""
    return refuse_accidents(lambda: extract_self_reported_ts(parts.signer_info), MalformedDocument)


def _prove_standing(
    path: ProvenPath[SignatureCertificate],
    status: RevocationSource,
    at: datetime,
    purpose: CheckPurpose,
) -> NotRevoked:
    try:
        return prove_standing(status, path, at=at, purpose=purpose)
    except CertificateRevoked as error:
        raise SigningCertificateRevoked(error.serial, error.revoked_at, error.reason) from error


def _read(cms_der: bytes) -> SignedParts:
    if cms.ContentInfo.load(cms_der)["content"]["crls"].native:
        raise MalformedDocument("carries revocation data")
    parts = read_parts(cms_der, "data")
    if parts.content is None:
        raise MalformedDocument("no encapsulated text")
    return parts
