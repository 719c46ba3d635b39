"""The two profiles: what a card's certificate may look like, one broken rule a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from app.jpki.certificates import (
    COMPLETE_SCOPE,
    MAXIMUM_BYTES,
    read_authentication_certificate,
    read_signature_certificate,
)
from app.jpki.errors import (
    AlgorithmNotAllowed,
    JpkiRejected,
    MalformedCertificate,
    NotASignatureCertificate,
    UnexpectedExtension,
    WrongKeyUsage,
    WrongPolicy,
)
from simulators.jlis.profile import Purpose, key_usage
from tests.forgery import altered, resigned
from tests.pki import AT, issue_card

if TYPE_CHECKING:
    from asn1crypto import x509 as asn1_x509

    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office


def forged_auth(office: Office, card: Card, **changes: Any) -> bytes:
    return altered(card.auth.certificate, office.authority(Purpose.AUTHENTICATION), **changes)


def forged_sign(office: Office, card: Card, **changes: Any) -> bytes:
    return altered(card.signing.certificate, office.authority(Purpose.SIGNATURE), **changes)


def test_a_cards_two_certificates_are_read_each_as_its_own_type(card: Card) -> None:
    authentication = read_authentication_certificate(card.auth.der)
    signature = read_signature_certificate(card.signing.der)
    assert authentication.der == card.auth.der
    assert authentication.credential.serial == card.auth.serial
    assert signature.attributes.name == card.holder.name
    assert authentication.credential.issuer_key_id != signature.credential.issuer_key_id


def test_certificates_of_one_municipality_share_a_crl_scope(office: Office, card: Card) -> None:
    scope = read_authentication_certificate(card.auth.der).crl_scope
    other = read_authentication_certificate(issue_card(office).auth.der).crl_scope
    assert scope == other != COMPLETE_SCOPE


def test_without_a_distribution_point_only_a_complete_list_covers_it(
    office: Office, card: Card
) -> None:
    der = forged_auth(office, card, without=[x509.CRLDistributionPoints])
    assert read_authentication_certificate(der).crl_scope == COMPLETE_SCOPE


def test_each_profile_refuses_the_other_ones_certificate(card: Card) -> None:
    with pytest.raises(WrongPolicy):
        read_authentication_certificate(card.signing.der)
    with pytest.raises(NotASignatureCertificate):
        read_signature_certificate(card.auth.der)


def test_a_certificate_without_policies_is_refused(office: Office, card: Card) -> None:
    der = forged_auth(office, card, without=[x509.CertificatePolicies])
    with pytest.raises(WrongPolicy):
        read_authentication_certificate(der)


@pytest.mark.parametrize(
    "usage",
    [
        key_usage(digital_signature=True, content_commitment=True),
        key_usage(digital_signature=True, key_cert_sign=True),
        key_usage(digital_signature=True, crl_sign=True),
        key_usage(content_commitment=True),
        key_usage(),
    ],
)
def test_an_authentication_key_signs_for_authentication_only(
    office: Office, card: Card, usage: x509.KeyUsage
) -> None:
    with pytest.raises(WrongKeyUsage):
        read_authentication_certificate(forged_auth(office, card, extra=[(usage, True)]))


def test_a_signature_key_needs_non_repudiation(office: Office, card: Card) -> None:
    usage = key_usage(digital_signature=True)
    with pytest.raises(WrongKeyUsage):
        read_signature_certificate(forged_sign(office, card, extra=[(usage, True)]))


def test_key_usage_must_be_there_and_critical(office: Office, card: Card) -> None:
    usage = key_usage(digital_signature=True)
    for der in (
        forged_auth(office, card, without=[x509.KeyUsage]),
        forged_auth(office, card, extra=[(usage, False)]),
    ):
        with pytest.raises(WrongKeyUsage):
            read_authentication_certificate(der)


def test_an_authoritys_certificate_is_no_card(office: Office, card: Card) -> None:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    with pytest.raises(WrongKeyUsage):
        read_authentication_certificate(forged_auth(office, card, extra=[(constraints, True)]))


def test_extended_usage_is_client_authentication_or_nothing(office: Office, card: Card) -> None:
    code = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    read_authentication_certificate(forged_auth(office, card, without=[x509.ExtendedKeyUsage]))
    with pytest.raises(WrongKeyUsage):
        read_authentication_certificate(forged_auth(office, card, extra=[(code, False)]))
    with pytest.raises(WrongKeyUsage):
        read_signature_certificate(forged_sign(office, card, extra=[(client, False)]))


def test_an_unknown_critical_extension_is_refused_and_a_harmless_one_ignored(
    office: Office, card: Card
) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    read_authentication_certificate(forged_auth(office, card, extra=[(unknown, False)]))
    with pytest.raises(UnexpectedExtension):
        read_authentication_certificate(forged_auth(office, card, extra=[(unknown, True)]))


def test_a_critical_authority_information_access_is_refused(office: Office, card: Card) -> None:
    location = x509.UniformResourceIdentifier("http://ocsp.example")
    access = x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)]
    )
    with pytest.raises(UnexpectedExtension):
        read_authentication_certificate(forged_auth(office, card, extra=[(access, True)]))


def test_a_doubled_extension_is_refused(office: Office, card: Card) -> None:
    def double(tbs: asn1_x509.TbsCertificate) -> None:
        tbs["extensions"].append(tbs["extensions"][0].copy())

    der = resigned(card.auth.der, office.authority(Purpose.AUTHENTICATION).key, double)
    with pytest.raises(MalformedCertificate):
        read_authentication_certificate(der)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("serial", [0, -1, 1 << 160])
def test_a_serial_out_of_range_is_refused(office: Office, card: Card, serial: int) -> None:
    def change(tbs: asn1_x509.TbsCertificate) -> None:
        tbs["serial_number"] = serial

    der = resigned(card.auth.der, office.authority(Purpose.AUTHENTICATION).key, change)
    with pytest.raises(MalformedCertificate):
        read_authentication_certificate(der)


def test_without_an_authority_key_identifier_the_generation_is_unknown(
    office: Office, card: Card
) -> None:
    der = forged_auth(office, card, without=[x509.AuthorityKeyIdentifier])
    with pytest.raises(MalformedCertificate):
        read_authentication_certificate(der)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024).public_key(),  # noqa: S505 - weak on purpose
        rsa.generate_private_key(3, 2048).public_key(),
        ec.generate_private_key(ec.SECP256R1()).public_key(),
    ],
    ids=["rsa-1024", "exponent-3", "p-256"],
)
def test_a_weak_or_unlisted_key_is_refused(office: Office, card: Card, key: Any) -> None:
    with pytest.raises(AlgorithmNotAllowed):
        read_authentication_certificate(forged_auth(office, card, public_key=key))


def test_a_certificate_signed_with_a_digest_off_the_list_is_refused(
    office: Office, card: Card, trust: TrustStore
) -> None:
    certificate = read_authentication_certificate(forged_auth(office, card, digest=hashes.SHA512()))
    with pytest.raises(AlgorithmNotAllowed):
        trust.path_to_anchor(certificate, at=AT)


def test_bytes_beyond_the_bound_are_not_even_read(card: Card) -> None:
    with pytest.raises(MalformedCertificate):
        read_authentication_certificate(card.auth.der + b"\x00" * MAXIMUM_BYTES)


@pytest.mark.parametrize("tail", [b"\x00", b"\xff" * 16])
def test_bytes_after_the_certificate_are_refused(card: Card, tail: bytes) -> None:
    with pytest.raises(MalformedCertificate):
        read_authentication_certificate(card.auth.der + tail)


def test_a_truncated_certificate_is_refused(card: Card) -> None:
    for length in range(0, len(card.auth.der), 37):
        with pytest.raises(JpkiRejected):
            read_authentication_certificate(card.auth.der[:length])
