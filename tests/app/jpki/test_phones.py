"""Certificates of phones stand beside those of cards, with policies and lists of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.jpki.authentication import UnverifiedToken, verify_login
from app.jpki.certificates import read_authentication_certificate, read_signature_certificate
from app.jpki.document import verify_document
from app.jpki.errors import NotASignatureCertificate, WrongPolicy
from app.jpki.trust import Carrier
from simulators.jlis.index import Partition
from simulators.jlis.profile import Purpose
from tests.pki import AT, CHALLENGE, NothingRevoked, answer, issue_card, sign_document

if TYPE_CHECKING:
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office


@pytest.fixture
def phone(office: Office) -> Card:
    """A phone that holds both certificates."""
    return issue_card(office, phone=True)


def test_a_phone_logs_in_and_is_told_from_a_card(
    phone: Card, card: Card, trust: TrustStore
) -> None:
    for holder, carrier in ((phone, Carrier.PHONE), (card, Carrier.CARD)):
        token = UnverifiedToken.from_json(answer(holder.auth))
        found = verify_login(token, CHALLENGE, trust, NothingRevoked(), at=AT)
        assert (found.carrier, found.credential.serial) == (carrier, holder.auth.serial)


def test_a_phone_signs_and_carries_the_four_attributes(phone: Card, trust: TrustStore) -> None:
    document = sign_document(phone.signing, "本文")
    signer = verify_document(document, "本文", trust, NothingRevoked(), at=AT)
    assert signer.carrier is Carrier.PHONE
    assert signer.attributes.address == phone.holder.address


def test_a_profile_that_does_not_name_phones_refuses_them(phone: Card, trust: TrustStore) -> None:
    cards_only = replace(
        trust,
        authentication=replace(
            trust.authentication,
            policies=trust.authentication.policies - trust.authentication.phone_policies,
        ),
    )
    token = UnverifiedToken.from_json(answer(phone.auth))
    with pytest.raises(WrongPolicy):
        verify_login(token, CHALLENGE, cards_only, NothingRevoked(), at=AT)
    with pytest.raises(WrongPolicy):
        read_authentication_certificate(phone.auth.der)


def test_a_phone_s_login_certificate_signs_nothing(phone: Card, trust: TrustStore) -> None:
    with pytest.raises(NotASignatureCertificate):
        read_signature_certificate(phone.auth.der, policies=trust.signature.policies)


def test_phones_have_their_own_revocation_file(office: Office, phone: Card, card: Card) -> None:
    names = {partition.file_name for partition in office.index.partitions()}
    assert {"auth-g3-131016.crl", "auth-g3-131016-phone.crl"} <= names
    on_phone = read_authentication_certificate(
        phone.auth.der, policies=frozenset({Purpose.AUTHENTICATION.phone_policy.dotted_string})
    )
    on_card = read_authentication_certificate(card.auth.der)
    assert on_phone.crl_scope != on_card.crl_scope
    assert office.crl(Partition(Purpose.AUTHENTICATION, 3, "131016-phone"), at=AT)


def test_a_renewed_phone_stays_a_phone(office: Office, phone: Card, trust: TrustStore) -> None:
    renewed = office.renew(phone.name, at=AT)
    token = UnverifiedToken.from_json(answer(renewed.auth))
    found = verify_login(token, CHALLENGE, trust, NothingRevoked(), at=AT)
    assert found.carrier is Carrier.PHONE
