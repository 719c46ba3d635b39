"""The two certificate profiles of JPKI: user authentication (利用者証明用) and signature (署名用).

Reading proves nothing about who made the certificate; it only turns bytes into the one type that
the next step takes, and refuses what the profile forbids (RFC 5280 §4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from app.crypto.digests import sha256_hex
from app.jpki.attributes import FourAttributes
from app.jpki.errors import (
    AlgorithmNotAllowed,
    MalformedCertificate,
    NotASignatureCertificate,
    UnexpectedExtension,
    WrongKeyUsage,
    WrongPolicy,
)
from app.jpki.names import CredentialName, issuer_key_id, serial_hex

if TYPE_CHECKING:
    from datetime import datetime

MAXIMUM_BYTES = 8 * 1024
MAXIMUM_SERIAL_BITS = 20 * 8  # RFC 5280 §4.1.2.2
MINIMUM_RSA_BITS, MAXIMUM_RSA_BITS = 2048, 4096
RSA_EXPONENT = 65537
AUTHENTICATION_POLICIES = frozenset({"1.2.392.200149.8.5.1.3.30"})
SIGNATURE_POLICIES = frozenset({"1.2.392.200149.8.5.1.1.20"})
COMPLETE_SCOPE = ""

ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

PARSE_ERRORS = (
    ValueError,
    TypeError,
    NotImplementedError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_PROCESSED_CRITICAL = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
}


@dataclass(frozen=True)
class JpkiCertificate:
    """What both profiles share. Not yet trusted: nothing here says who made it.

    ``crl_scope`` is the SHA-256 (hex) of the distribution point's DER name, or empty when the
    certificate names none and only a complete CRL covers it.
    """

    der: bytes = field(repr=False)
    issuer_der: bytes
    authority_key_identifier: bytes
    serial: int
    not_before: datetime
    not_after: datetime
    public_key: PublicKey
    policies: frozenset[str]
    crl_scope: str

    @property
    def credential(self) -> CredentialName:
        """Issuer and serial, as identity keeps them."""
        key_id = issuer_key_id(self.issuer_der, self.authority_key_identifier)
        return CredentialName(key_id, serial_hex(self.serial))


@dataclass(frozen=True)
class AuthenticationCertificate(JpkiCertificate):
    """利用者証明用電子証明書: says that a card answered, and nothing about a person's name."""


@dataclass(frozen=True)
class SignatureCertificate(JpkiCertificate):
    """署名用電子証明書: carries the four attributes of its holder."""

    attributes: FourAttributes


@dataclass(frozen=True)
class TimestampingCertificate(JpkiCertificate):
    """A time-stamping authority's certificate (RFC 3161 §2.3)."""


def read_authentication_certificate(
    der: bytes, *, policies: frozenset[str] = AUTHENTICATION_POLICIES
) -> AuthenticationCertificate:
    """Read an authentication certificate. Raises CertificateRejected or AlgorithmNotAllowed.

    Its policy must be one of ``policies``, its key usage digitalSignature alone, its extended key
    usage absent or clientAuth alone.
    """
    try:
        certificate, extensions = _load(der)
        found = _policies(extensions)
        if not found & policies:
            raise WrongPolicy("not an authentication certificate")
        _require_leaf(extensions, non_repudiation=False)
        _require_extended_usage(extensions, frozenset({ExtendedKeyUsageOID.CLIENT_AUTH}))
        return AuthenticationCertificate(*_fields(certificate, extensions, found))
    except PARSE_ERRORS as error:
        raise MalformedCertificate(type(error).__name__) from error


def read_signature_certificate(
    der: bytes, *, policies: frozenset[str] = SIGNATURE_POLICIES
) -> SignatureCertificate:
    """Read a signature certificate. Raises CertificateRejected or AlgorithmNotAllowed.

    Its policy must be one of ``policies``, its key usage digitalSignature and nonRepudiation; it
    has no extended key usage and carries the four attributes.
    """
    try:
        certificate, extensions = _load(der)
        found = _policies(extensions)
        if not found & policies:
            raise NotASignatureCertificate("not a signature certificate")
        _require_leaf(extensions, non_repudiation=True)
        _require_extended_usage(extensions, frozenset())
        names = _find(extensions, x509.SubjectAlternativeName) or x509.SubjectAlternativeName([])
        attributes = FourAttributes.from_alternative_name(names)
        return SignatureCertificate(*_fields(certificate, extensions, found), attributes)
    except PARSE_ERRORS as error:
        raise MalformedCertificate(type(error).__name__) from error


def read_timestamping_certificate(der: bytes) -> TimestampingCertificate:
    """Read a time-stamping certificate. Raises CertificateRejected or AlgorithmNotAllowed.

    Its extended key usage is critical and timeStamping alone; its key signs and does nothing else.
    """
    try:
        certificate, extensions = _load(der)
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
            raise WrongKeyUsage("not for timestamps alone")
        key_usage = extensions.get_extension_for_class(x509.KeyUsage).value
        _require_leaf(extensions, non_repudiation=key_usage.content_commitment)
        return TimestampingCertificate(*_fields(certificate, extensions, _policies(extensions)))
    except x509.ExtensionNotFound as error:
        raise WrongKeyUsage("no key usage") from error
    except PARSE_ERRORS as error:
        raise MalformedCertificate(type(error).__name__) from error


def _load(der: bytes) -> tuple[x509.Certificate, x509.Extensions]:
    if len(der) > MAXIMUM_BYTES:
        raise MalformedCertificate("too long")
    certificate = x509.load_der_x509_certificate(der)
    if certificate.public_bytes(Encoding.DER) != der:
        raise MalformedCertificate("not canonical DER")
    if certificate.version is not x509.Version.v3:
        raise MalformedCertificate("not version 3")
    extensions = certificate.extensions
    for extension in extensions:
        if extension.critical and extension.oid not in _PROCESSED_CRITICAL:
            raise UnexpectedExtension(extension.oid.dotted_string)
    return certificate, extensions


def _find(extensions: x509.Extensions, kind: type[ExtensionT]) -> ExtensionT | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _policies(extensions: x509.Extensions) -> frozenset[str]:
    policies = _find(extensions, x509.CertificatePolicies) or ()
    return frozenset(policy.policy_identifier.dotted_string for policy in policies)


def _require_leaf(extensions: x509.Extensions, *, non_repudiation: bool) -> None:
    constraints = _find(extensions, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise WrongKeyUsage("a certificate authority's certificate")
    try:
        extension = extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound as error:
        raise WrongKeyUsage("no key usage") from error
    usage = extension.value
    unexpected = (
        usage.key_encipherment,
        usage.data_encipherment,
        usage.key_agreement,
        usage.key_cert_sign,
        usage.crl_sign,
    )
    if not extension.critical or not usage.digital_signature or any(unexpected):
        raise WrongKeyUsage("another key usage than the profile's")
    if usage.content_commitment is not non_repudiation:
        raise WrongKeyUsage("nonRepudiation")


def _require_extended_usage(
    extensions: x509.Extensions, allowed: frozenset[x509.ObjectIdentifier]
) -> None:
    usage = _find(extensions, x509.ExtendedKeyUsage)
    if usage is not None and not set(usage) <= allowed:
        raise WrongKeyUsage("another extended key usage than the profile's")


def _fields(
    certificate: x509.Certificate, extensions: x509.Extensions, policies: frozenset[str]
) -> tuple[bytes, bytes, bytes, int, datetime, datetime, PublicKey, frozenset[str], str]:
    authority = _find(extensions, x509.AuthorityKeyIdentifier)
    if authority is None or not authority.key_identifier:
        raise MalformedCertificate("no authority key identifier")
    serial = certificate.serial_number
    if serial <= 0 or serial.bit_length() > MAXIMUM_SERIAL_BITS:
        raise MalformedCertificate("serial number out of range")
    return (
        certificate.public_bytes(Encoding.DER),
        certificate.issuer.public_bytes(),
        authority.key_identifier,
        serial,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        require_known_key(certificate.public_key()),
        policies,
        _crl_scope(extensions),
    )


def require_known_key(key: object) -> PublicKey:
    """RSA of 2048 to 4096 bits with exponent 65537, or P-384. Raises AlgorithmNotAllowed."""
    if isinstance(key, rsa.RSAPublicKey):
        fits = MINIMUM_RSA_BITS <= key.key_size <= MAXIMUM_RSA_BITS
        if fits and key.public_numbers().e == RSA_EXPONENT:
            return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1):
        return key
    raise AlgorithmNotAllowed("neither RSA of 2048 to 4096 bits nor P-384")


def _crl_scope(extensions: x509.Extensions) -> str:
    for point in _find(extensions, x509.CRLDistributionPoints) or ():
        if point.reasons is None and point.crl_issuer is None:
            for name in point.full_name or ():
                if isinstance(name, x509.DirectoryName):
                    return scope_of(name.value)
    return COMPLETE_SCOPE


def scope_of(name: x509.Name) -> str:
    """The CRL scope that a distribution point's directory name stands for: 64 hex digits."""
    return sha256_hex(name.public_bytes())
