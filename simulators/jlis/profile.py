"""The certificate profile of JPKI as far as it is public, with O=JPKI-SIMULATED.

Names, object identifiers and extensions are those two independent public programs agree on.
Builders are returned unsigned, so that a test can break just one rule and sign the result.
"""

from __future__ import annotations

import secrets
import string
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from simulators.jlis.holder import Holder

ORGANIZATION = "JPKI-SIMULATED"
AGENCY = "Japan Agency for Local Authority Information Systems"
CPS_URI = "http://www.jpki.go.jp/cps.html"
SERIAL_BITS = 63
CN_LENGTH = 23
GENERATION_YEARS = {1: (-11, -1), 2: (-7, 3), 3: (-3, 7)}  # life of each CA around the set-up

_OTHER_NAMES = "1.2.392.200149.8.5.5."
NAME_OID = x509.ObjectIdentifier(_OTHER_NAMES + "1")
NAME_SUBSTITUTES_OID = x509.ObjectIdentifier(_OTHER_NAMES + "2")
SEX_OID = x509.ObjectIdentifier(_OTHER_NAMES + "3")
BIRTH_OID = x509.ObjectIdentifier(_OTHER_NAMES + "4")
ADDRESS_OID = x509.ObjectIdentifier(_OTHER_NAMES + "5")
ADDRESS_SUBSTITUTES_OID = x509.ObjectIdentifier(_OTHER_NAMES + "6")

_UTF8_STRING = 0x0C
_SHORT_FORM = 0x80
_ALPHANUMERIC = string.ascii_uppercase + string.digits


class Purpose(StrEnum):
    """The two hierarchies."""

    AUTHENTICATION = "auth"
    SIGNATURE = "sign"

    @property
    def unit(self) -> str:
        """The organisational unit in the issuer's name."""
        return {
            Purpose.AUTHENTICATION: "JPKI for user authentication",
            Purpose.SIGNATURE: "JPKI for digital signature",
        }[self]

    @property
    def phone_policy(self) -> x509.ObjectIdentifier:
        """The certificate policy of a phone's certificate, as far as one source names it."""
        return {
            Purpose.AUTHENTICATION: x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.50"),
            Purpose.SIGNATURE: x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.40"),
        }[self]

    @property
    def policy(self) -> x509.ObjectIdentifier:
        """The certificate policy of a card's certificate."""
        return {
            Purpose.AUTHENTICATION: x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30"),
            Purpose.SIGNATURE: x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20"),
        }[self]


def issuer_name(purpose: Purpose) -> x509.Name:
    """The distinguished name that all generations of one hierarchy share."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, purpose.unit),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, AGENCY),
        ]
    )


def partition_code(municipality_code: str, *, phone: bool) -> str:
    """The name of a revocation file: phones have their own."""
    return f"{municipality_code}-phone" if phone else municipality_code


def partition_name(purpose: Purpose, municipality_code: str) -> x509.Name:
    """The CRL distribution point of one municipality."""
    return x509.Name(
        [
            *issuer_name(purpose),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "CRL Distribution Points"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{municipality_code} CRLDP"),
        ]
    )


def _agency_alternative_name() -> x509.DirectoryName:
    return x509.DirectoryName(
        x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "公的個人認証サービス(模擬)"),
            ]
        )
    )


def _distribution_point(name: x509.Name) -> x509.CRLDistributionPoints:
    full_name = [x509.DirectoryName(name)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(full_name, None, None, None)])


def key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """A key usage with just these bits."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def new_serial() -> int:
    """A random positive serial number."""
    return 1 + secrets.randbits(SERIAL_BITS)


def root_builder(
    purpose: Purpose, key: RSAPublicKey, *, valid_from: datetime, valid_until: datetime
) -> x509.CertificateBuilder:
    """One generation's self-signed root."""
    name = issuer_name(purpose)
    ski = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder(name, name, key, new_serial(), valid_from, valid_until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(ski, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([_agency_alternative_name()]), critical=False)
        .add_extension(_distribution_point(name), critical=False)
    )


def responder_builder(
    purpose: Purpose, root: x509.Certificate, key: RSAPublicKey, *, valid_until: datetime
) -> x509.CertificateBuilder:
    """The delegated OCSP responder of one generation (RFC 6960 §4.2.2.2)."""
    name = x509.Name([*root.subject, x509.NameAttribute(NameOID.COMMON_NAME, "OCSP Responder")])
    since = root.not_valid_before_utc
    return (
        x509.CertificateBuilder(root.subject, name, key, new_serial(), since, valid_until)
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=True)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(authority_key_identifier(root), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def authority_key_identifier(root: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """What tells the generations apart."""
    ski = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski)


def leaf_builder(
    purpose: Purpose,
    root: x509.Certificate,
    holder: Holder,
    key: RSAPublicKey,
    *,
    valid_from: datetime,
    valid_until: datetime,
    ocsp_url: str,
    phone: bool = False,
) -> x509.CertificateBuilder:
    """A certificate of either purpose for a card, or for a phone."""
    policy = purpose.phone_policy if phone else purpose.policy
    partition = partition_name(purpose, partition_code(holder.municipality_code, phone=phone))
    until = max(valid_until, valid_from + timedelta(seconds=1))
    subject = _subject(purpose, holder)
    builder = (
        x509.CertificateBuilder(root.subject, subject, key, new_serial(), valid_from, until)
        .add_extension(_leaf_key_usage(purpose), critical=True)
        .add_extension(_policies(policy), critical=True)
        .add_extension(x509.IssuerAlternativeName([_agency_alternative_name()]), critical=False)
        .add_extension(_distribution_point(partition), critical=False)
        .add_extension(_ocsp_access(ocsp_url), critical=False)
        .add_extension(authority_key_identifier(root), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    if purpose is Purpose.AUTHENTICATION:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return builder.add_extension(usage, critical=False)
    return builder.add_extension(four_attributes(holder), critical=False)


def _leaf_key_usage(purpose: Purpose) -> x509.KeyUsage:
    return key_usage(digital_signature=True, content_commitment=purpose is Purpose.SIGNATURE)


def _policies(policy: x509.ObjectIdentifier) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(policy, [CPS_URI])])


def is_for_phone(certificate: x509.Certificate) -> bool:
    """Whether a certificate stands under a phone's policy."""
    found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    phones = {purpose.phone_policy for purpose in Purpose}
    return any(policy.policy_identifier in phones for policy in found)


def _ocsp_access(url: str) -> x509.AuthorityInformationAccess:
    location = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)]
    )


def _subject(purpose: Purpose, holder: Holder) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")
    common_name = x509.NameAttribute(NameOID.COMMON_NAME, _opaque_name(holder.municipality_code))
    if purpose is Purpose.AUTHENTICATION:
        return x509.Name([country, common_name])
    places = [
        x509.NameAttribute(NameOID.LOCALITY_NAME, place)
        for place in (holder.prefecture, holder.city)
    ]
    return x509.Name([country, *places, common_name])


def _opaque_name(municipality_code: str) -> str:
    tail = (secrets.choice(_ALPHANUMERIC) for _ in range(CN_LENGTH - len(municipality_code)))
    return municipality_code + "".join(tail)


def four_attributes(holder: Holder) -> x509.SubjectAlternativeName:
    """Name, birth date, sex and address as otherNames of UTF8String."""
    values = [
        (NAME_OID, holder.name),
        (BIRTH_OID, holder.coded_birth),
        (SEX_OID, str(holder.sex.value)),
        (ADDRESS_OID, holder.address),
        (NAME_SUBSTITUTES_OID, holder.name_substitutes or "0" * len(holder.name)),
        (ADDRESS_SUBSTITUTES_OID, holder.address_substitutes or "0" * len(holder.address)),
    ]
    return x509.SubjectAlternativeName(
        [x509.OtherName(oid, utf8_string(text)) for oid, text in values]
    )


def utf8_string(text: str) -> bytes:
    """DER of a UTF8String."""
    value = text.encode()
    if len(value) < _SHORT_FORM:
        return bytes([_UTF8_STRING, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([_UTF8_STRING, _SHORT_FORM | len(length)]) + length + value
