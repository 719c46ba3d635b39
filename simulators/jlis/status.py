"""CRLs (RFC 5280 §5) and OCSP answers (RFC 6960) made from the register."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from simulators.jlis import profile
from simulators.jlis.index import IssuedIndex, IssuedRow, Partition, PublishedCrl

if TYPE_CHECKING:
    from simulators.jlis.authority import Authority

CRL_LIFE = timedelta(hours=49)  # published daily; a day and an hour of overlap
CRL_RENEWAL = timedelta(hours=24)
OCSP_LIFE = timedelta(minutes=10)
_REASONS = {reason.name: reason for reason in x509.ReasonFlags}


def build_crl(
    authority: Authority,
    partition: Partition,
    rows: list[IssuedRow],
    *,
    number: int,
    at: datetime,
    life: timedelta = CRL_LIFE,
) -> bytes:
    """A partition's CRL as DER, with crlNumber, AKI and issuing distribution point."""
    point = [x509.DirectoryName(profile.partition_name(partition.purpose, partition.municipality))]
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(at)
        .next_update(at + life)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(profile.authority_key_identifier(authority.certificate), critical=False)
        .add_extension(
            x509.IssuingDistributionPoint(point, None, False, False, None, False, False),  # noqa: FBT003 - positional in the library
            critical=True,
        )
    )
    for row in rows:
        builder = builder.add_revoked_certificate(_revoked(row))
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _revoked(row: IssuedRow) -> x509.RevokedCertificate:
    if row.revoked_at is None:
        raise ValueError("not revoked")
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(row.serial, 16))
        .revocation_date(row.revoked_at)
    )
    reason = _REASONS.get(row.reason or "")
    if reason is not None and reason is not x509.ReasonFlags.unspecified:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()


def current_crl(
    authority: Authority, index: IssuedIndex, partition: Partition, *, at: datetime
) -> bytes:
    """The partition's CRL now: renewed daily and after each revocation, with the next number."""
    published = index.published(partition)
    rows = index.revoked_in(partition)
    if published and published.revoked_count == len(rows) and at - published.made_at < CRL_RENEWAL:
        return published.der
    number = published.number + 1 if published else 1
    der = build_crl(authority, partition, rows, number=number, at=at)
    index.publish(partition, PublishedCrl(number, len(rows), at, der))
    return der


def answer_ocsp(
    authorities: list[Authority], index: IssuedIndex, request_der: bytes, *, at: datetime
) -> bytes:
    """The answer to one request as DER. The authority is found by its key hash, not its name."""
    try:
        request = ocsp.load_der_ocsp_request(request_der)
        serial, algorithm = request.serial_number, request.hash_algorithm
    except (ValueError, NotImplementedError):
        return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    authority = next((a for a in authorities if _made_for(a, request)), None)
    if authority is None:
        return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    row = index.find(authority.purpose, authority.generation, format(serial, "x"))
    builder = _about(row, request, algorithm, at).responder_id(
        ocsp.OCSPResponderEncoding.HASH, authority.responder
    )
    builder = builder.certificates([authority.responder])
    nonce = _nonce(request)
    if nonce is not None:
        builder = builder.add_extension(nonce, critical=False)
    answer = builder.sign(authority.responder_key, hashes.SHA256())
    return answer.public_bytes(Encoding.DER)


def _about(
    row: IssuedRow | None, request: ocsp.OCSPRequest, algorithm: hashes.HashAlgorithm, at: datetime
) -> ocsp.OCSPResponseBuilder:
    return ocsp.OCSPResponseBuilder().add_response_by_hash(
        request.issuer_name_hash,
        request.issuer_key_hash,
        request.serial_number,
        algorithm,
        _certificate_status(row),
        at,
        at + OCSP_LIFE,
        row.revoked_at if row else None,
        _REASONS.get(row.reason or "") if row and row.revoked_at else None,
    )


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def _certificate_status(row: IssuedRow | None) -> ocsp.OCSPCertStatus:
    if row is None:
        return ocsp.OCSPCertStatus.UNKNOWN
    return ocsp.OCSPCertStatus.REVOKED if row.revoked_at else ocsp.OCSPCertStatus.GOOD


def _nonce(request: ocsp.OCSPRequest) -> x509.OCSPNonce | None:
    try:
        return request.extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        return None


def _made_for(authority: Authority, request: ocsp.OCSPRequest) -> bool:
    name = request.hash_algorithm.name
    root = authority.certificate
    key = root.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    digests = (
        hashlib.new(name, root.subject.public_bytes(), usedforsecurity=False).digest(),
        hashlib.new(name, key, usedforsecurity=False).digest(),
    )
    return digests == (request.issuer_name_hash, request.issuer_key_hash)
