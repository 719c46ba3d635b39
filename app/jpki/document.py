"""Signed documents: CMS SignedData by a card's signature key over the text that was shown.

config/wire/card-login.schema.json: one signer, SHA-256, the text encapsulated byte for byte, signed
attributes contentType and messageDigest (and ESS signing-certificate-v2, which must name the same
certificate when it is there). The integrity check is pyHanko's; path and status are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asn1crypto import cms, core
from pyhanko.sign.general import match_issuer_serial
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_self_reported_ts,
    validate_sig_integrity,
)

from app.crypto.digests import digest
from app.jpki.accidents import refuse_accidents
from app.jpki.authentication import require_listed
from app.jpki.certificates import read_signature_certificate
from app.jpki.errors import (
    AlgorithmNotAllowed,
    MalformedDocument,
    SignatureInvalid,
    WrongDocument,
)
from app.jpki.signature import SignatureAlgorithm

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.attributes import FourAttributes
    from app.jpki.names import CredentialName
    from app.jpki.revocation import NotRevoked, RevocationSource
    from app.jpki.trust import TrustStore

MAXIMUM_BYTES = 48 * 1024
MAXIMUM_CERTIFICATES = 4
_ALGORITHMS = {
    ("sha256", "rsassa_pkcs1v15"): SignatureAlgorithm.RS256,
    ("sha256", "sha256_rsa"): SignatureAlgorithm.RS256,
    ("sha256", "rsassa_pss"): SignatureAlgorithm.PS256,
    ("sha384", "sha384_ecdsa"): SignatureAlgorithm.ES384,
}
_PSS_PARAMETERS = ("sha256", "mgf1", "sha256", 32)


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
    status: NotRevoked


@dataclass(frozen=True)
class _Parts:
    signer_info: cms.SignerInfo
    certificate: cms.Certificate
    content: bytes
    digest_name: str
    algorithm: SignatureAlgorithm


def verify_document(
    cms_der: bytes,
    expected_text: str,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
) -> VerifiedSigner:
    """Prove that a live signature certificate signed ``expected_text``, whole and nothing else.

    Raises a JpkiRejected when the proof does not hold (WrongDocument when a good signature is over
    another text) and an IndeterminateStatus when the certificate's status cannot be known.
    """
    if len(cms_der) > MAXIMUM_BYTES:
        raise MalformedDocument("too long")
    parts = refuse_accidents(lambda: _read(cms_der), MalformedDocument)
    certificate = read_signature_certificate(
        parts.certificate.dump(), policies=trust.signature.policies
    )
    path = trust.path_to_anchor(certificate, at=at)
    require_listed(parts.algorithm, path.anchor)
    not_revoked = status.prove_not_revoked(path, at=at)
    refuse_accidents(lambda: _require_integrity(parts), MalformedDocument)
    if parts.content != expected_text.encode():
        raise WrongDocument("another text than the one shown")
    return VerifiedSigner(
        credential=certificate.credential,
        attributes=certificate.attributes,
        claimed_signing_time=_claimed_time(parts),
        not_after=certificate.not_after,
        generation=path.anchor.generation,
        simulated=trust.simulated,
        status=not_revoked,
    )


def _read(cms_der: bytes) -> _Parts:
    info = cms.ContentInfo.load(cms_der, strict=True)
    if info["content_type"].native != "signed_data":
        raise MalformedDocument("not SignedData")
    signed = info["content"]
    if len(signed["signer_infos"]) != 1:
        raise MalformedDocument("not exactly one signer")
    (signer_info,) = signed["signer_infos"]
    encapsulated = signed["encap_content_info"]
    content = encapsulated["content"].native
    if encapsulated["content_type"].native != "data" or not isinstance(content, bytes):
        raise MalformedDocument("no encapsulated text")
    if signed["crls"].native:
        raise MalformedDocument("carries revocation data")
    if isinstance(signer_info["signed_attrs"], core.Void):
        raise MalformedDocument("no signed attributes")
    digest_name, algorithm = _algorithm(signer_info)
    certificate = _signer_certificate(signed, signer_info)
    return _Parts(signer_info, certificate, content, digest_name, algorithm)


def _algorithm(signer_info: cms.SignerInfo) -> tuple[str, SignatureAlgorithm]:
    digest_name = signer_info["digest_algorithm"]["algorithm"].native
    claimed = signer_info["signature_algorithm"]
    algorithm = _ALGORITHMS.get((digest_name, claimed["algorithm"].native))
    if algorithm is None:
        raise AlgorithmNotAllowed("digest or signature algorithm of the document")
    if algorithm is SignatureAlgorithm.PS256:
        given = claimed["parameters"]
        found = (
            given["hash_algorithm"]["algorithm"].native,
            given["mask_gen_algorithm"]["algorithm"].native,
            given["mask_gen_algorithm"]["parameters"]["algorithm"].native,
            given["salt_length"].native,
        )
        if found != _PSS_PARAMETERS:
            raise AlgorithmNotAllowed("parameters of PSS")
    return digest_name, algorithm


def _signer_certificate(signed: cms.SignedData, signer_info: cms.SignerInfo) -> cms.Certificate:
    choices = list(signed["certificates"])
    if len(choices) > MAXIMUM_CERTIFICATES or any(c.name != "certificate" for c in choices):
        raise MalformedDocument("certificates")
    identifier = signer_info["sid"]
    found = [c.chosen for c in choices if _is_named(identifier, c.chosen)]
    if len(found) != 1:
        raise MalformedDocument("not exactly one certificate of the signer")
    return found[0]


def _is_named(identifier: cms.SignerIdentifier, certificate: cms.Certificate) -> bool:
    if identifier.name == "issuer_and_serial_number":
        return bool(match_issuer_serial(identifier.chosen, certificate))
    return bool(certificate.key_identifier == identifier.chosen.native)


def _require_integrity(parts: _Parts) -> None:
    try:
        intact, valid = validate_sig_integrity(
            parts.signer_info, parts.certificate, "data", digest(parts.digest_name, parts.content)
        )
    except SignatureValidationError as error:
        raise MalformedDocument("signed attributes") from error
    if not (intact and valid):
        raise SignatureInvalid("the signature does not hold over this text")


def _claimed_time(parts: _Parts) -> datetime | None:
    return refuse_accidents(lambda: extract_self_reported_ts(parts.signer_info), MalformedDocument)
