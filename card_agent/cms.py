"""CMS SignedData over a shown text (RFC 5652; attributes of ETSI EN 319 122-1 §6.3, B-B).

One signer, its certificate inside, no CRLs, the text encapsulated. The card signs SHA-256 of the
DER signed attributes with RSASSA-PKCS1-v1_5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from asn1crypto import algos, cms, core, tsp, x509

if TYPE_CHECKING:
    from datetime import datetime

Signer = Callable[[bytes], bytes]


def sign_text(text: str, certificate_der: bytes, *, at: datetime, signer: Signer) -> bytes:
    """The DER of a ContentInfo. ``signer`` turns the bytes to be signed into a signature."""
    content = text.encode("utf-8")
    certificate = x509.Certificate.load(certificate_der)
    attributes = _signed_attributes(content, certificate_der, at)
    signature = signer(attributes.dump())
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [_sha256()],
            "encap_content_info": {"content_type": "data", "content": content},
            "certificates": [certificate],
            "signer_infos": [_signer_info(certificate, attributes, signature)],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump())


def _signed_attributes(content: bytes, certificate_der: bytes, at: datetime) -> cms.CMSAttributes:
    reference = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate_der).digest()})
    return cms.CMSAttributes(
        [
            _attribute("content_type", "data"),
            _attribute("message_digest", hashlib.sha256(content).digest()),
            _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(at)})),
            _attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [reference]})),
        ]
    )


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _signer_info(
    certificate: x509.Certificate, attributes: cms.CMSAttributes, signature: bytes
) -> cms.SignerInfo:
    issuer_and_serial = cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": issuer_and_serial}),
            "digest_algorithm": _sha256(),
            "signed_attrs": attributes,
            "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}),
            "signature": signature,
        }
    )


def _sha256() -> algos.DigestAlgorithm:
    return algos.DigestAlgorithm({"algorithm": "sha256"})
