"""The pinned trust profile: every generation of both hierarchies, and where their status is asked.

A folder holds ``trust.json`` and the anchors it pins by SHA-256. Addresses of CRL and OCSP stand in
this profile; what a certificate says about addresses never opens a connection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from app.core.errors import Misconfigured
from app.crypto.digests import equal, sha256_hex
from app.jpki.anchors import CertificateT, ProvenPath, TrustAnchor
from app.jpki.certificates import (
    PARSE_ERRORS,
    AuthenticationCertificate,
    JpkiCertificate,
    SignatureCertificate,
    TimestampingCertificate,
)
from app.jpki.errors import UnknownIssuer
from app.jpki.path import prove_one_tier
from app.jpki.signature import SignatureAlgorithm
from config.settings import RevocationPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

REAL_ORGANIZATION = "JPKI"
PROFILE_FILE = "trust.json"


class Purpose(StrEnum):
    """The two hierarchies; their anchors never mix."""

    AUTHENTICATION = "authentication"
    SIGNATURE = "signature"


class Carrier(StrEnum):
    """What holds a key. A phone's certificates have serials and revocation files of their own."""

    CARD = "card"
    PHONE = "phone"


@dataclass(frozen=True)
class Hierarchy:
    """One purpose: its pinned anchors of all generations, accepted policies, status addresses.

    ``crl_base`` ends in a slash; below it lie ``index.json`` and the partition files.
    ``phone_policies`` are those of ``policies`` under which certificates of phones are issued.
    """

    purpose: Purpose
    anchors: tuple[TrustAnchor, ...]
    policies: frozenset[str]
    crl_base: str
    ocsp_url: str
    phone_policies: frozenset[str] = frozenset()

    def carrier_of(self, certificate: JpkiCertificate) -> Carrier:
        """What holds the key, as the certificate's policy says."""
        return Carrier.PHONE if certificate.policies & self.phone_policies else Carrier.CARD

    def anchor_of(self, certificate: JpkiCertificate) -> TrustAnchor:
        """The pinned anchor that made this certificate, by name, key identifier and signature.

        Raises UnknownIssuer.
        """
        return anchor_of(certificate, self.anchors)

    def anchor_by_key_id(self, key_id: str) -> TrustAnchor | None:
        """The anchor with this ``issuer_key_id``."""
        return next((anchor for anchor in self.anchors if anchor.key_id == key_id), None)


@dataclass(frozen=True)
class TimestampAuthorities:
    """Whose timestamps (RFC 3161) prove an instant: pinned anchors, token policies, the address."""

    anchors: tuple[TrustAnchor, ...]
    policies: frozenset[str]
    url: str

    def path_to_anchor(
        self, certificate: TimestampingCertificate, *, at: datetime
    ) -> ProvenPath[TimestampingCertificate]:
        """Prove the one-tier path at an instant. Raises as ``TrustStore.path_to_anchor``."""
        return prove_one_tier(certificate, anchor_of(certificate, self.anchors), frozenset(), at=at)


@dataclass(frozen=True)
class TrustStore:
    """The one trust profile this program relies on; without ``timestamping`` it asks for none."""

    profile: str
    simulated: bool
    authentication: Hierarchy
    signature: Hierarchy
    timestamping: TimestampAuthorities | None = None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read and check a trust profile. Raises Misconfigured with what to change."""
        try:
            data = json.loads((folder / PROFILE_FILE).read_text(encoding="utf-8"))
            authentication = _hierarchy(folder, data, Purpose.AUTHENTICATION)
            signature = _hierarchy(folder, data, Purpose.SIGNATURE)
            timestamping = _timestamping(folder, data.get("timestamp"))
            profile, declared = str(data["profile"]), bool(data["simulated"])
        except OSError as error:
            raise Misconfigured(f"the trust profile in {folder} cannot be read: {error}") from error
        except (KeyError, x509.ExtensionNotFound, *PARSE_ERRORS) as error:
            raise Misconfigured(f"the trust profile in {folder} is malformed: {error!r}") from error
        _require_apart(authentication, signature)
        anchors = (*authentication.anchors, *signature.anchors)
        simulated = declared or not all(_is_real(anchor) for anchor in anchors)
        return cls(profile, simulated, authentication, signature, timestamping)

    def require_real(self) -> None:
        """Raises Misconfigured when an anchor is not one of JPKI's own. Production asks this."""
        if self.simulated:
            raise Misconfigured(
                f"the trust profile {self.profile!r} is simulated; production needs JPKI's anchors"
            )

    def hierarchy_of(self, certificate: JpkiCertificate) -> Hierarchy:
        """The hierarchy for this type of certificate."""
        if isinstance(certificate, AuthenticationCertificate):
            return self.authentication
        if isinstance(certificate, SignatureCertificate):
            return self.signature
        raise UnknownIssuer("no hierarchy for this kind of certificate")

    def path_to_anchor(
        self, certificate: CertificateT, *, at: datetime
    ) -> ProvenPath[CertificateT]:
        """Prove the one-tier path at an instant; says nothing about revocation.

        Raises UnknownIssuer, IssuerNotValid, CertificateExpired, CertificateNotYetValid,
        PathNotProved, AlgorithmNotAllowed.
        """
        hierarchy = self.hierarchy_of(certificate)
        anchor = hierarchy.anchor_of(certificate)
        return prove_one_tier(certificate, anchor, hierarchy.policies, at=at)


def anchor_of(certificate: JpkiCertificate, anchors: Iterable[TrustAnchor]) -> TrustAnchor:
    """The anchor that made this certificate: by name and key identifier, then by signature.

    Raises UnknownIssuer.
    """
    leaf = x509.load_der_x509_certificate(certificate.der)
    for anchor in anchors:
        same_name = anchor.subject_der == certificate.issuer_der
        same_key = anchor.key_identifier == certificate.authority_key_identifier
        if same_name and same_key and _made_by(leaf, anchor):
            return anchor
    raise UnknownIssuer("no pinned anchor made this certificate")


def _made_by(leaf: x509.Certificate, anchor: TrustAnchor) -> bool:
    try:
        leaf.verify_directly_issued_by(anchor.certificate)
    except (InvalidSignature, *PARSE_ERRORS):
        return False
    return True


def _hierarchy(folder: Path, data: dict[str, Any], purpose: Purpose) -> Hierarchy:
    section = data[purpose.value]
    anchors = tuple(_anchor(folder, entry) for entry in section["anchors"])
    policies = frozenset(str(policy) for policy in section["policies"])
    if not anchors or not policies:
        raise Misconfigured(f"no anchors or no policies for {purpose}")
    crl_base, ocsp_url = _address(section["crl"]), _address(section["ocsp"])
    if not crl_base.endswith("/"):
        raise Misconfigured("the CRL address ends in a slash")
    phones = frozenset(str(policy) for policy in section.get("phone_policies", ()))
    return Hierarchy(purpose, anchors, policies | phones, crl_base, ocsp_url, phones)


def _timestamping(folder: Path, section: dict[str, Any] | None) -> TimestampAuthorities | None:
    if section is None:
        return None
    anchors = tuple(_anchor(folder, entry) for entry in section["anchors"])
    policies = frozenset(str(policy) for policy in section["policies"])
    if not anchors or not policies:
        raise Misconfigured("no anchors or no policies for timestamps")
    return TimestampAuthorities(anchors, policies, _address(section["url"]))


def _anchor(folder: Path, entry: dict[str, Any]) -> TrustAnchor:
    der = (folder / entry["file"]).read_bytes()
    if not equal(sha256_hex(der), str(entry["sha256"])):
        raise Misconfigured(f"{entry['file']} is not the pinned anchor: its SHA-256 differs")
    algorithms = frozenset(SignatureAlgorithm(name) for name in entry["algorithms"])
    asked = entry.get("revocation")
    return TrustAnchor.read(
        der,
        generation=int(entry["generation"]),
        algorithms=algorithms,
        revocation=None if asked is None else RevocationPolicy(asked),
    )


def _address(value: object) -> str:
    parts = urlsplit(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise Misconfigured(f"not an address: {value}")
    return str(value)


def _require_apart(one: Hierarchy, other: Hierarchy) -> None:
    keys = {anchor.key_identifier for anchor in one.anchors}
    if keys & {anchor.key_identifier for anchor in other.anchors} or one.policies & other.policies:
        raise Misconfigured("authentication and signature share an anchor or a policy")


def _is_real(anchor: TrustAnchor) -> bool:
    names = anchor.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [name.value for name in names] == [REAL_ORGANIZATION]
