"""What the simulated J-LIS hands out, renews and withdraws."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from simulators.jlis.card_folder import CardFace, NoSuchCard
from simulators.jlis.index import Partition
from simulators.jlis.office import Office
from simulators.jlis.profile import Purpose
from tests.pki import AT, CHILD, HOLDER, issue_card


def test_three_generations_share_one_name_and_no_key(office: Office) -> None:
    for purpose in Purpose:
        roots = [office.authority(purpose, number).certificate for number in (1, 2, 3)]
        assert len({root.subject for root in roots}) == 1
        assert len({root.public_key().public_numbers() for root in roots}) == 3  # type: ignore[union-attr]
        assert all("JPKI-SIMULATED" in root.subject.rfc4514_string() for root in roots)


def test_the_first_generation_has_run_out_and_the_others_have_not(office: Office) -> None:
    ends = [
        office.authority(Purpose.AUTHENTICATION, number).certificate.not_valid_after_utc
        for number in (1, 2, 3)
    ]
    assert ends[0] < AT < ends[1] < ends[2]


def test_a_card_folder_holds_what_a_card_reader_needs(office: Office) -> None:
    face = CardFace("見本のカード", "9876", "XYZ789", contactless=True, blocked_status="6983")
    card = issue_card(office, face=face)
    assert {path.name for path in card.folder.iterdir()} == {
        "card.json",
        "auth.cer",
        "auth.key.pem",
        "auth-ca.cer",
        "sign.cer",
        "sign.key.pem",
        "sign-ca.cer",
    }
    assert json.loads((card.folder / "card.json").read_text()) == {
        "label": "見本のカード",
        "auth_pin": "9876",
        "sign_pin": "XYZ789",
        "auth_tries_left": 3,
        "sign_tries_left": 5,
        "contactless": True,
        "blocked_status": "6983",
    }
    for prefix in ("auth", "sign"):
        key = load_pem_private_key((card.folder / f"{prefix}.key.pem").read_bytes(), None)
        der = (card.folder / f"{prefix}.cer").read_bytes()
        authority = (card.folder / f"{prefix}-ca.cer").read_bytes()
        certificate = x509.load_der_x509_certificate(der)
        assert certificate.public_key() == key.public_key()
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(authority))


def test_the_authentication_certificate_carries_no_name(office: Office) -> None:
    card = issue_card(office)
    assert "見本".encode() not in card.auth.der
    (common_name,) = card.auth.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert len(common_name.value) == 23
    assert str(common_name.value).startswith(HOLDER.municipality_code)


def test_a_child_under_fifteen_has_no_signature_certificate(office: Office) -> None:
    card = issue_card(office, CHILD)
    assert card.sign is None
    assert not (card.folder / "sign.cer").exists()
    with pytest.raises(NoSuchCard):
        _ = card.signing


@pytest.mark.parametrize(
    ("born_on", "has"), [(date(2011, 11, 1), True), (date(2011, 11, 2), False)]
)
def test_fifteen_is_counted_in_japanese_days(office: Office, born_on: date, *, has: bool) -> None:
    card = issue_card(office, replace(HOLDER, born_on=born_on))
    assert (card.sign is not None) is has


@pytest.mark.parametrize(
    ("born_on", "until"),
    [
        (date(1990, 6, 1), datetime(2031, 6, 1, 14, 59, 59, tzinfo=UTC)),
        (date(1990, 12, 1), datetime(2030, 12, 1, 14, 59, 59, tzinfo=UTC)),
        (date(1990, 11, 1), datetime(2031, 11, 1, 14, 59, 59, tzinfo=UTC)),
        (date(1988, 2, 29), datetime(2031, 2, 28, 14, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_card_lasts_to_the_fifth_birthday_after_issue(born_on: date, until: datetime) -> None:
    assert replace(HOLDER, born_on=born_on).expiry_after(AT) == until


@pytest.mark.parametrize(
    ("born_on", "coded"),
    [
        (date(2019, 5, 1), "520190501"),
        (date(2019, 4, 30), "420190430"),
        (date(1989, 1, 7), "319890107"),
        (date(1926, 12, 24), "219261224"),
        (date(1912, 7, 29), "119120729"),
    ],
)
def test_eras_change_on_their_day(born_on: date, coded: str) -> None:
    assert replace(HOLDER, born_on=born_on).coded_birth == coded


def test_renewal_keeps_person_and_pins_and_changes_serials(office: Office) -> None:
    old = issue_card(office, face=CardFace("A", "1111", "AAAAAA"))
    new = office.renew(old.name, at=AT + timedelta(days=1))
    assert new.holder == old.holder
    assert json.loads((new.folder / "card.json").read_text())["auth_pin"] == "1111"
    assert new.auth.serial != old.auth.serial
    rows = {row.serial: row.reason for row in office.index.of_card(old.name)}
    assert rows[old.auth.serial] == rows[old.signing.serial] == "superseded"
    assert rows[new.auth.serial] is None


def test_one_certificate_of_a_card_is_revoked_alone(office: Office) -> None:
    card = issue_card(office)
    rows = office.revoke(card.name, at=AT, purposes=(Purpose.SIGNATURE,))
    assert [row.serial for row in rows] == [card.signing.serial]
    (by_serial,) = office.revoke(card.auth.serial.upper(), at=AT, reason="key_compromise")
    assert by_serial.purpose is Purpose.AUTHENTICATION


def test_what_is_not_there_or_already_revoked_is_said(office: Office) -> None:
    card = issue_card(office)
    office.revoke(card.name, at=AT)
    for name in (card.name, "nobody", "abcdef"):
        with pytest.raises(NoSuchCard):
            office.revoke(name, at=AT)
    with pytest.raises(NoSuchCard):
        office.card("nobody")


def test_a_revocation_makes_a_new_list_with_the_next_number(office: Office) -> None:
    holder = replace(HOLDER, municipality_code="999999")
    card = issue_card(office, holder)
    partition = Partition(Purpose.AUTHENTICATION, 3, "999999")
    first = office.crl(partition, at=AT)
    assert office.crl(partition, at=AT + timedelta(hours=1)) == first
    office.revoke(card.name, at=AT)
    second = x509.load_der_x509_crl(office.crl(partition, at=AT + timedelta(hours=1)))
    third = x509.load_der_x509_crl(office.crl(partition, at=AT + timedelta(days=2)))
    assert [number(x509.load_der_x509_crl(first)), number(second), number(third)] == [1, 2, 3]
    assert [entry.serial_number for entry in second] == [card.auth.certificate.serial_number]


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_second_start_keeps_roots_cards_and_register(office: Office) -> None:
    card = issue_card(office)
    again = Office.create(office.var, at=AT + timedelta(days=1), port=8299)
    root = office.authority(Purpose.SIGNATURE).certificate
    assert again.authority(Purpose.SIGNATURE).certificate == root
    assert again.card(card.name).auth.serial == card.auth.serial
    assert again.index.of_serial(card.auth.serial)
    profile = json.loads((office.var / "trust" / "trust.json").read_text())
    assert profile["authentication"]["ocsp"] == "http://127.0.0.1:8299/ocsp/auth"
    office.write_trust_profile(office.var / "trust")
