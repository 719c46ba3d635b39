"""CMS SignedData (RFC 5652) with one signer: what documents, PDF signatures and timestamps share.

Reading here decides nothing about trust. The integrity check is pyHanko's; path and status are the
caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asn1crypto import cms, core
from pyhanko.sign.general import match_issuer_serial
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from app.crypto.digests import digest
from app.jpki.errors import (
    AlgorithmNotAllowed,
    ContentAltered,
    MalformedDocument,
    SignatureInvalid,
)
from app.jpki.signature import SignatureAlgorithm

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_CERTIFICATES = 4
CARD_ALGORITHMS = {
    ("sha256", "rsassa_pkcs1v15"): SignatureAlgorithm.RS256,
    ("sha256", "sha256_rsa"): SignatureAlgorithm.RS256,
    ("sha256", "rsassa_pss"): SignatureAlgorithm.PS256,
    ("sha384", "sha384_ecdsa"): SignatureAlgorithm.ES384,
}
_PSS_PARAMETERS = ("sha256", "mgf1", "sha256", 32)


@dataclass(frozen=True)
class SignedParts:
    """The parts of one signature; ``content`` is None when it lies outside (detached)."""

    signer_info: cms.SignerInfo
    certificate: cms.Certificate
    certificates: tuple[bytes, ...]
    content_type: str
    content: bytes | None
    digest_name: str
    algorithm: SignatureAlgorithm

    @property
    def signature(self) -> bytes:
        """The signature value: what a signature timestamp covers."""
        return bytes(self.signer_info["signature"].native)

    @property
    def signed_attributes(self) -> set[str]:
        """The names of the signed attributes."""
        return {attribute["type"].native for attribute in self.signer_info["signed_attrs"]}


def read_parts(
    cms_der: bytes,
    content_type: str,
    algorithms: Mapping[tuple[str, str], SignatureAlgorithm] = CARD_ALGORITHMS,
) -> SignedParts:
    """Take a SignedData apart. Raises MalformedDocument, AlgorithmNotAllowed and parser errors."""
    info = cms.ContentInfo.load(cms_der, strict=True)
    if info["content_type"].native != "signed_data":
        raise MalformedDocument("not SignedData")
    signed = info["content"]
    if len(signed["signer_infos"]) != 1:
        raise MalformedDocument("not exactly one signer")
    (signer_info,) = signed["signer_infos"]
    if signed["encap_content_info"]["content_type"].native != content_type:
        raise MalformedDocument("another type of content")
    if isinstance(signer_info["signed_attrs"], core.Void):
        raise MalformedDocument("no signed attributes")
    digest_name, algorithm = _algorithm(signer_info, algorithms)
    return SignedParts(
        signer_info=signer_info,
        certificate=_signer_certificate(signed, signer_info),
        certificates=tuple(choice.chosen.dump() for choice in signed["certificates"]),
        content_type=content_type,
        content=_content(signed),
        digest_name=digest_name,
        algorithm=algorithm,
    )


def require_integrity(parts: SignedParts, content_digest: bytes) -> None:
    """Prove that the signer's key signed content of this digest.

    Raises MalformedDocument when the signed attributes contradict each other, ContentAltered,
    SignatureInvalid.
    """
    try:
        intact, valid = validate_sig_integrity(
            parts.signer_info, parts.certificate, parts.content_type, content_digest
        )
    except SignatureValidationError as error:
        raise MalformedDocument("signed attributes") from error
    if not intact:
        raise ContentAltered("the signature is over other content")
    if not valid:
        raise SignatureInvalid("the signature does not hold")


def require_own_content(parts: SignedParts) -> bytes:
    """The encapsulated content, proved to be what was signed. Raises as ``require_integrity``."""
    if parts.content is None:
        raise MalformedDocument("no encapsulated content")
    require_integrity(parts, digest(parts.digest_name, parts.content))
    return parts.content


def _content(signed: cms.SignedData) -> bytes | None:
    content = signed["encap_content_info"]["content"]
    return None if isinstance(content, core.Void) else bytes(content)


def _algorithm(
    signer_info: cms.SignerInfo, algorithms: Mapping[tuple[str, str], SignatureAlgorithm]
) -> tuple[str, SignatureAlgorithm]:
    digest_name = signer_info["digest_algorithm"]["algorithm"].native
    claimed = signer_info["signature_algorithm"]
    algorithm = algorithms.get((digest_name, claimed["algorithm"].native))
    if algorithm is None:
        raise AlgorithmNotAllowed("digest or signature algorithm of the document")
    if algorithm is SignatureAlgorithm.PS256 and _pss(claimed["parameters"]) != _PSS_PARAMETERS:
        raise AlgorithmNotAllowed("parameters of PSS")
    return digest_name, algorithm


def _pss(given: cms.core.Sequence) -> tuple[str, str, str, int]:
    return (
        given["hash_algorithm"]["algorithm"].native,
        given["mask_gen_algorithm"]["algorithm"].native,
        given["mask_gen_algorithm"]["parameters"]["algorithm"].native,
        given["salt_length"].native,
    )


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
