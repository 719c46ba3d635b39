"""Making a CMS signature whose key is elsewhere: only a digest goes to the card.

``prepare`` fixes what is signed, the key's owner signs ``to_be_signed`` (or its digest), and
``assemble`` puts the parts together. A draft is plain bytes, so it can wait between two requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509

from app.crypto.digests import digest, sha256
from app.jpki.signature import SignatureAlgorithm

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_DIGESTS: Final = {
    SignatureAlgorithm.RS256: "sha256",
    SignatureAlgorithm.PS256: "sha256",
    SignatureAlgorithm.ES384: "sha384",
}
_PSS_SALT_BYTES = 32


@dataclass(frozen=True)
class CmsDraft:
    """What will be signed: DER of the signed attributes, whose digest the key signs.

    ``content`` is the encapsulated text, None when the signed bytes stay outside (PDF).
    """

    certificate_der: bytes
    algorithm: SignatureAlgorithm
    to_be_signed: bytes
    content: bytes | None = None

    @property
    def digest_to_sign(self) -> bytes:
        """The digest for a card that signs digests: 32 bytes, 48 for ES384."""
        return digest(digest_name(self.algorithm), self.to_be_signed)


def digest_name(algorithm: SignatureAlgorithm) -> str:
    """The SHA-2 function that belongs to an algorithm."""
    return _DIGESTS[algorithm]


def prepare(
    content_digest: bytes,
    certificate_der: bytes,
    algorithm: SignatureAlgorithm,
    *,
    content: bytes | None = None,
    signing_time: datetime | None = None,
) -> CmsDraft:
    """A draft over content of this digest; the certificate is bound by ESS (RFC 5035).

    PAdES forbids a signing time here (it stands in the PDF), CAdES wants one.
    """
    attributes: list[dict[str, Any]] = [
        {"type": "content_type", "values": ["data"]},
        {"type": "message_digest", "values": [content_digest]},
        {
            "type": "signing_certificate_v2",
            "values": [{"certs": [{"cert_hash": sha256(certificate_der)}]}],
        },
    ]
    if signing_time is not None:
        attributes.append(
            {"type": "signing_time", "values": [cms.Time({"utc_time": signing_time})]}
        )
    signed = bytes(cms.CMSAttributes(attributes).dump())
    return CmsDraft(certificate_der, algorithm, signed, content)


def prepare_text(
    text: str, certificate_der: bytes, algorithm: SignatureAlgorithm, *, signing_time: datetime
) -> CmsDraft:
    """A draft of a signed text, in the form that ``document`` verifies."""
    content = text.encode()
    hashed = digest(digest_name(algorithm), content)
    return prepare(hashed, certificate_der, algorithm, content=content, signing_time=signing_time)


def assemble(
    draft: CmsDraft, signature: bytes, *, chain: Iterable[bytes] = (), token: bytes | None = None
) -> bytes:
    """SignedData (DER) of a draft and its signature, with a signature timestamp when there is one.

    ``chain``: DER of further certificates. ``signature``: as CMS carries it (ECDSA as DER).
    """
    certificate = asn1_x509.Certificate.load(draft.certificate_der)
    others = [asn1_x509.Certificate.load(der) for der in chain]
    content: dict[str, Any] = {"content_type": "data"}
    if draft.content is not None:
        content["content"] = draft.content
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": digest_name(draft.algorithm)}],
        "encap_content_info": content,
        "certificates": [certificate, *others],
        "signer_infos": [_signer_info(draft, certificate, signature, token)],
    }
    info = {"content_type": "signed_data", "content": cms.SignedData(signed)}
    return bytes(cms.ContentInfo(info).dump())


def _signer_info(
    draft: CmsDraft, certificate: asn1_x509.Certificate, signature: bytes, token: bytes | None
) -> dict[str, Any]:
    info: dict[str, Any] = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": {
                "issuer": certificate.issuer,
                "serial_number": certificate.serial_number,
            }
        },
        "digest_algorithm": {"algorithm": digest_name(draft.algorithm)},
        "signed_attrs": cms.CMSAttributes.load(draft.to_be_signed),
        "signature_algorithm": _signature_algorithm(draft.algorithm),
        "signature": signature,
    }
    if token is not None:
        attribute = {
            "type": "signature_time_stamp_token",
            "values": [cms.ContentInfo.load(token)],
        }
        info["unsigned_attrs"] = cms.CMSAttributes([attribute])
    return info


def _signature_algorithm(algorithm: SignatureAlgorithm) -> dict[str, Any]:
    if algorithm is SignatureAlgorithm.RS256:
        return {"algorithm": "sha256_rsa"}
    if algorithm is SignatureAlgorithm.ES384:
        return {"algorithm": "sha384_ecdsa"}
    sha = {"algorithm": "sha256"}
    mask = {"algorithm": "mgf1", "parameters": sha}
    parameters = {"hash_algorithm": sha, "mask_gen_algorithm": mask, "salt_length": _PSS_SALT_BYTES}
    return {"algorithm": "rsassa_pss", "parameters": parameters}
