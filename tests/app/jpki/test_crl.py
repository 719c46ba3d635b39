"""Reading a revocation list: what is taken for the anchor's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from app.jpki.certificates import COMPLETE_SCOPE, read_authentication_certificate
from app.jpki.crl import read_crl
from app.jpki.errors import (
    CrlMalformed,
    CrlOutsideItsTime,
    CrlSignatureInvalid,
    CrlWrongIssuer,
    CrlWrongScope,
)
from simulators.jlis import profile
from simulators.jlis.index import Partition
from simulators.jlis.profile import Purpose
from tests.pki import AT, issue_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.jpki.trust import TrustStore
    from simulators.jlis.authority import Authority
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

DAY = timedelta(days=1)
POINT = [x509.DirectoryName(profile.partition_name(Purpose.AUTHENTICATION, "131016"))]


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    values: dict[str, object] = {
        "full_name": POINT,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(values | changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Draft:
    """A list with everything right; a test changes one thing."""

    number: int | None = 7
    this_update: datetime = AT - timedelta(hours=1)
    next_update: datetime = AT + DAY
    extra: Sequence[tuple[x509.ExtensionType, bool]] = ((scope(), True),)
    serials: Sequence[int] = (0xABC,)
    entry_extra: x509.ExtensionType | None = None

    def sign(self, authority: Authority, *, claimed: Authority | None = None) -> bytes:
        claimed = claimed or authority
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(claimed.certificate.subject)
            .last_update(self.this_update)
            .next_update(self.next_update)
            .add_extension(profile.authority_key_identifier(claimed.certificate), critical=False)
        )
        if self.number is not None:
            builder = builder.add_extension(x509.CRLNumber(self.number), critical=False)
        for extension, critical in self.extra:
            builder = builder.add_extension(extension, critical=critical)
        for serial in self.serials:
            builder = builder.add_revoked_certificate(self._entry(serial))
        return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _entry(self, serial: int) -> x509.RevokedCertificate:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(AT - DAY)
        reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
        entry = entry.add_extension(reason, critical=False)
        if self.entry_extra is not None:
            entry = entry.add_extension(self.entry_extra, critical=True)
        return entry.build()


@pytest.fixture
def authority(office: Office) -> Authority:
    return office.authority(Purpose.AUTHENTICATION)


def test_the_simulated_jlis_publishes_what_we_read(
    office: Office, trust: TrustStore, card: Card
) -> None:
    revoked = issue_card(office)
    office.revoke(revoked.name, at=AT, reason="key_compromise")
    der = office.crl(Partition(Purpose.AUTHENTICATION, 3, "131016"), at=AT)
    crl = read_crl(der, trust.authentication, at=AT)
    certificate = read_authentication_certificate(card.auth.der)
    assert crl.scope == certificate.crl_scope
    assert crl.issuer_key_id == certificate.credential.issuer_key_id
    entries = {entry.serial: entry for entry in crl.entries()}
    assert entries[revoked.auth.serial].reason == "keyCompromise"
    assert card.auth.serial not in entries


def test_number_times_and_entries_are_read(trust: TrustStore, authority: Authority) -> None:
    crl = read_crl(Draft().sign(authority), trust.authentication, at=AT)
    assert (crl.number, crl.next_update) == (7, AT + DAY)
    (entry,) = crl.entries()
    assert (entry.serial, entry.revoked_at, entry.reason) == ("abc", AT - DAY, "keyCompromise")


def test_without_a_distribution_point_a_list_is_complete(
    trust: TrustStore, authority: Authority
) -> None:
    crl = read_crl(Draft(extra=()).sign(authority), trust.authentication, at=AT)
    assert crl.scope == COMPLETE_SCOPE


def test_a_list_signed_by_another_generation_is_refused(
    office: Office, trust: TrustStore, authority: Authority
) -> None:
    der = Draft().sign(office.authority(Purpose.AUTHENTICATION, 2), claimed=authority)
    with pytest.raises(CrlSignatureInvalid):
        read_crl(der, trust.authentication, at=AT)


def test_a_list_of_the_other_hierarchy_is_refused(office: Office, trust: TrustStore) -> None:
    der = Draft().sign(office.authority(Purpose.SIGNATURE))
    with pytest.raises(CrlWrongIssuer):
        read_crl(der, trust.authentication, at=AT)


@pytest.mark.parametrize(
    "draft",
    [
        Draft(next_update=AT),
        Draft(this_update=AT - 3 * DAY, next_update=AT - DAY),
        Draft(this_update=AT + timedelta(minutes=6)),
    ],
)
def test_a_list_outside_its_time_is_refused(
    trust: TrustStore, authority: Authority, draft: Draft
) -> None:
    with pytest.raises(CrlOutsideItsTime):
        read_crl(draft.sign(authority), trust.authentication, at=AT)


def test_a_list_without_number_is_refused(trust: TrustStore, authority: Authority) -> None:
    with pytest.raises(CrlMalformed):
        read_crl(Draft(number=None).sign(authority), trust.authentication, at=AT)


@pytest.mark.parametrize(
    "extra",
    [
        [(scope(indirect_crl=True), True)],
        [(scope(only_contains_ca_certs=True), True)],
        [(scope(only_contains_attribute_certs=True), True)],
        [(scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), True)],
        [(scope(full_name=[x509.UniformResourceIdentifier("http://crl.example")]), True)],
        [(scope(), True), (x509.DeltaCRLIndicator(3), True)],
        [
            (scope(), True),
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
        ],
    ],
    ids=["indirect", "ca", "attribute", "reasons", "url", "delta", "unknown-critical"],
)
def test_a_list_of_another_scope_is_refused(
    trust: TrustStore, authority: Authority, extra: list[tuple[x509.ExtensionType, bool]]
) -> None:
    with pytest.raises(CrlWrongScope):
        read_crl(Draft(extra=extra).sign(authority), trust.authentication, at=AT)


def test_an_entry_about_another_issuer_is_refused(trust: TrustStore, authority: Authority) -> None:
    other = x509.CertificateIssuer([x509.DirectoryName(x509.Name([]))])
    crl = read_crl(Draft(entry_extra=other).sign(authority), trust.authentication, at=AT)
    with pytest.raises(CrlWrongScope):
        list(crl.entries())


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"not a list"])
def test_bytes_that_are_no_list_are_refused(trust: TrustStore, der: bytes) -> None:
    with pytest.raises(CrlMalformed):
        read_crl(der, trust.authentication, at=AT)


def test_a_changed_byte_breaks_the_signature(trust: TrustStore, authority: Authority) -> None:
    der = bytearray(Draft(serials=(0x6BCDEF,)).sign(authority))
    der[der.index(b"\x6b\xcd\xef")] = 0x2B
    with pytest.raises(CrlSignatureInvalid):
        read_crl(bytes(der), trust.authentication, at=AT)


def test_an_issuer_name_that_cannot_be_read_is_refused(
    trust: TrustStore, authority: Authority
) -> None:
    der = Draft().sign(authority).replace(b"JPKI-SIMULATED", b"\xff\xfe" + b"\xff" * 12)
    with pytest.raises(CrlMalformed):
        read_crl(der, trust.authentication, at=AT)
