"""OCSP (RFC 6960): the question we ask, and what makes an answer one we believe.

Believed is only an answer to our own nonce, about this certificate, recent, and signed by the
pinned issuer or by a responder that issuer itself certified for OCSP. All else is "not known".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, OCSPExtensionOID

from app.crypto.digests import equal, sha256
from app.jpki.certificates import PARSE_ERRORS, JpkiCertificate, PublicKey, require_known_key
from app.jpki.errors import (
    AlgorithmNotAllowed,
    CertificateRevoked,
    CertificateUnknownToIssuer,
    OcspFailed,
    OcspMalformed,
    OcspReplayed,
    OcspSignatureInvalid,
    OcspStale,
    OcspWrongCertificate,
    OcspWrongResponder,
)
from app.jpki.names import serial_hex
from app.jpki.revocation import NotRevoked, StatusSource

if TYPE_CHECKING:
    from app.jpki.anchors import ProvenPath, TrustAnchor

MAXIMUM_BYTES = 64 * 1024
MAXIMUM_AGE = timedelta(hours=1)
CLOCK_SKEW = timedelta(minutes=5)
NONCE_BYTES = 32  # RFC 9654
_HASHES = {"sha256", "sha384"}


def build_request(path: ProvenPath[JpkiCertificate], nonce: bytes) -> bytes:
    """The DER request for one proved certificate, CertID with SHA-256."""
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *_issuer_hashes(path.anchor), path.certificate.serial, hashes.SHA256()
    )
    return (
        builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        .build()
        .public_bytes(Encoding.DER)
    )


def read_response(
    der: bytes, path: ProvenPath[JpkiCertificate], nonce: bytes, *, at: datetime
) -> NotRevoked:
    """Prove from an answer that the certificate stands.

    Raises CertificateRevoked, CertificateUnknownToIssuer, or an IndeterminateStatus when the answer
    proves nothing.
    """
    if len(der) > MAXIMUM_BYTES:
        raise OcspMalformed("too long")
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise OcspFailed(response.response_status.name)
        _require_signature(response, path.anchor, at)
        _require_nonce(response, nonce)
        return replace(_judge(_about(response, path), path, at), ocsp_response=der)
    except PARSE_ERRORS as error:
        raise OcspMalformed(type(error).__name__) from error


def _judge(
    single: ocsp.OCSPSingleResponse, path: ProvenPath[JpkiCertificate], at: datetime
) -> NotRevoked:
    status = single.certificate_status
    if status is ocsp.OCSPCertStatus.REVOKED:
        reason = single.revocation_reason
        raise CertificateRevoked(
            serial_hex(path.certificate.serial),
            single.revocation_time_utc or single.this_update_utc,
            "unspecified" if reason is None else reason.value,
        )
    this_update = single.this_update_utc
    good_until = single.next_update_utc or this_update + MAXIMUM_AGE
    if not at - MAXIMUM_AGE <= this_update <= at + CLOCK_SKEW or at >= good_until:
        raise OcspStale("thisUpdate or nextUpdate")
    if status is not ocsp.OCSPCertStatus.GOOD:
        raise CertificateUnknownToIssuer("the responder does not know this serial")
    return NotRevoked(StatusSource.OCSP, this_update, good_until)


def _require_nonce(response: ocsp.OCSPResponse, nonce: bytes) -> None:
    for extension in response.extensions:
        if extension.critical and extension.oid != OCSPExtensionOID.NONCE:
            raise OcspMalformed("an unknown critical extension")
    try:
        found = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound as error:
        raise OcspReplayed("without nonce") from error
    if not equal(found, nonce):
        raise OcspReplayed("another nonce")


def _about(
    response: ocsp.OCSPResponse, path: ProvenPath[JpkiCertificate]
) -> ocsp.OCSPSingleResponse:
    answers = list(response.responses)
    if len(answers) != 1:
        raise OcspWrongCertificate("not exactly one answer")
    (single,) = answers
    if any(extension.critical for extension in response.single_extensions):
        raise OcspMalformed("an unknown critical extension")
    asked = (*_issuer_hashes(path.anchor), path.certificate.serial, "sha256")
    told = (
        single.issuer_name_hash,
        single.issuer_key_hash,
        single.serial_number,
        single.hash_algorithm.name,
    )
    if asked != told:
        raise OcspWrongCertificate("about another certificate")
    return single


def _require_signature(response: ocsp.OCSPResponse, anchor: TrustAnchor, at: datetime) -> None:
    key = _responder_key(response, anchor, at)
    digest = response.signature_hash_algorithm
    if digest is None or digest.name not in _HASHES:
        raise OcspSignatureInvalid("weak digest")
    signed, signature = response.tbs_response_bytes, response.signature
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        else:
            key.verify(signature, signed, ec.ECDSA(digest))
    except InvalidSignature as error:
        raise OcspSignatureInvalid("the responder's signature does not hold") from error


def _responder_key(response: ocsp.OCSPResponse, anchor: TrustAnchor, at: datetime) -> PublicKey:
    if _is_responder(response, anchor.certificate):
        return anchor.public_key
    for candidate in response.certificates:
        if _is_responder(response, candidate) and _is_entrusted(candidate, anchor, at):
            try:
                return require_known_key(candidate.public_key())
            except AlgorithmNotAllowed as error:
                raise OcspWrongResponder("its key") from error
    raise OcspWrongResponder("nobody the issuer entrusted with OCSP")


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_key_hash is not None:
        identifier = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
        return identifier.digest == response.responder_key_hash
    return certificate.subject == response.responder_name


def _is_entrusted(candidate: x509.Certificate, anchor: TrustAnchor, at: datetime) -> bool:
    """RFC 6960 §4.2.2.2: issued by the same authority, for OCSP signing, itself never revoked."""
    try:
        candidate.verify_directly_issued_by(anchor.certificate)
        usage = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        candidate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except (InvalidSignature, x509.ExtensionNotFound, *PARSE_ERRORS):
        return False
    in_time = candidate.not_valid_before_utc <= at <= candidate.not_valid_after_utc
    return in_time and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _issuer_hashes(anchor: TrustAnchor) -> tuple[bytes, bytes]:
    if isinstance(anchor.public_key, rsa.RSAPublicKey):
        bits = anchor.public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        bits = anchor.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return sha256(anchor.subject_der), sha256(bits)
