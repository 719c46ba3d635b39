"""Reading a certificate revocation list (RFC 5280 §5) that a pinned anchor must have signed.

A list is verified once, on its way into the store; nobody parses it again at login.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from app.crypto.digests import sha256_hex
from app.jpki.certificates import COMPLETE_SCOPE, PARSE_ERRORS, ExtensionT, scope_of
from app.jpki.crl_entries import RevokedEntry, read_entries
from app.jpki.errors import (
    CrlMalformed,
    CrlOutsideItsTime,
    CrlSignatureInvalid,
    CrlWrongIssuer,
    CrlWrongScope,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.jpki.anchors import TrustAnchor
    from app.jpki.trust import Hierarchy

MAXIMUM_BYTES = 128 * 1024 * 1024
CLOCK_SKEW = timedelta(minutes=5)
_HASHES = {"sha256", "sha384"}
_KNOWN_EXTENSIONS = {
    ExtensionOID.CRL_NUMBER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
}


@dataclass(frozen=True)
class VerifiedCrl:
    """A list that the anchor ``issuer_key_id`` signed, current at the time of reading.

    ``scope`` as in ``JpkiCertificate.crl_scope``: whom the list speaks of.
    """

    issuer_key_id: str
    scope: str
    number: int
    this_update: datetime
    next_update: datetime
    sha256: str
    _list: x509.CertificateRevocationList

    def __len__(self) -> int:
        return len(self._list)

    def entries(self) -> Iterator[RevokedEntry]:
        """Its lines in the order of their serials. Raises CrlMalformed, CrlWrongScope."""
        return read_entries(self._list.tbs_certlist_bytes)


def read_crl(der: bytes, hierarchy: Hierarchy, *, at: datetime) -> VerifiedCrl:
    """Verify a list against the hierarchy's pinned anchors. Raises a CrlRefused."""
    if len(der) > MAXIMUM_BYTES:
        raise CrlMalformed("too long")
    try:
        return _verified(der, hierarchy, at)
    except PARSE_ERRORS as error:
        raise CrlMalformed(type(error).__name__) from error


def _verified(der: bytes, hierarchy: Hierarchy, at: datetime) -> VerifiedCrl:
    crl = x509.load_der_x509_crl(der)
    extensions = crl.extensions
    number = _required(extensions, x509.CRLNumber).crl_number
    identifier = _required(extensions, x509.AuthorityKeyIdentifier).key_identifier
    scope = _scope(extensions)
    anchor = _anchor(hierarchy, crl, identifier)
    this_update, next_update = _span(crl, at)
    if number < 0:
        raise CrlMalformed("negative number")
    return VerifiedCrl(anchor.key_id, scope, number, this_update, next_update, sha256_hex(der), crl)


def _required(extensions: x509.Extensions, kind: type[ExtensionT]) -> ExtensionT:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound as error:
        raise CrlMalformed(f"without {error.oid.dotted_string}") from error


def _anchor(
    hierarchy: Hierarchy, crl: x509.CertificateRevocationList, identifier: bytes | None
) -> TrustAnchor:
    issuer = crl.issuer.public_bytes()
    for anchor in hierarchy.anchors:
        if anchor.subject_der == issuer and anchor.key_identifier == identifier:
            break
    else:
        raise CrlWrongIssuer("no pinned anchor has this name and key")
    if not anchor.may_sign_crls:
        raise CrlWrongIssuer("this anchor may not sign revocation lists")
    digest = crl.signature_hash_algorithm
    if digest is None or digest.name not in _HASHES:
        raise CrlSignatureInvalid("weak digest")
    try:
        holds = crl.is_signature_valid(anchor.public_key)
    except (TypeError, *PARSE_ERRORS) as error:
        raise CrlSignatureInvalid("another kind of key") from error
    if not holds:
        raise CrlSignatureInvalid("the list was not signed by this anchor")
    return anchor


def _span(crl: x509.CertificateRevocationList, at: datetime) -> tuple[datetime, datetime]:
    this_update, next_update = crl.last_update_utc, crl.next_update_utc
    if next_update is None:
        raise CrlMalformed("without nextUpdate")
    if not this_update - CLOCK_SKEW <= at < next_update:
        raise CrlOutsideItsTime("fetched outside its time")
    return this_update, next_update


def _scope(extensions: x509.Extensions) -> str:
    for extension in extensions:
        if extension.critical and extension.oid not in _KNOWN_EXTENSIONS:
            raise CrlWrongScope(f"unknown critical extension {extension.oid.dotted_string}")
        if extension.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            raise CrlWrongScope("a delta list")
    try:
        point = extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return COMPLETE_SCOPE
    partial = (
        point.indirect_crl,
        point.only_some_reasons,
        point.only_contains_ca_certs,
        point.only_contains_attribute_certs,
    )
    if any(partial):
        raise CrlWrongScope("indirect, or not about certificates of cards")
    names = [name for name in point.full_name or () if isinstance(name, x509.DirectoryName)]
    if point.relative_name is not None or len(names) != 1:
        raise CrlWrongScope("its distribution point is not one directory name")
    return scope_of(names[0].value)
