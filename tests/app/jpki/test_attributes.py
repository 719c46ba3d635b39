"""The four attributes and their edge cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from app.jpki.attributes import BirthDate, Era, FourAttributes, Sex
from app.jpki.certificates import read_signature_certificate
from app.jpki.errors import MalformedAttributes
from simulators.jlis.profile import (
    ADDRESS_OID,
    BIRTH_OID,
    NAME_OID,
    SEX_OID,
    Purpose,
    utf8_string,
)
from tests.forgery import altered
from tests.pki import HOLDER, issue_card

if TYPE_CHECKING:
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

GOOD = {NAME_OID: "見本　花子", BIRTH_OID: "420010203", SEX_OID: "2", ADDRESS_OID: "見本市１"}
KANA_OID = x509.ObjectIdentifier("1.2.392.200149.8.5.5.9")


def names(
    values: dict[x509.ObjectIdentifier, str], *more: x509.GeneralName
) -> x509.SubjectAlternativeName:
    entries = [x509.OtherName(oid, utf8_string(text)) for oid, text in values.items()]
    return x509.SubjectAlternativeName([*entries, *more])


def test_the_cards_holder_is_read_as_issued(card: Card) -> None:
    found = read_signature_certificate(card.signing.der).attributes
    assert found.name == "見本　太郎"
    assert found.address == HOLDER.address
    assert found.sex is Sex.MALE
    assert found.birth == BirthDate(Era.SHOWA, 1988, 2, 29)
    assert found.birth.exact == date(1988, 2, 29)
    assert not found.has_substitutes


def test_substitute_characters_are_marked(office: Office) -> None:
    holder = replace(HOLDER, name="高橋　太郎", name_substitutes="10000")
    found = read_signature_certificate(issue_card(office, holder).signing.der).attributes
    assert found.has_substitutes
    assert found.name_substitutes == "10000"


def test_unknown_other_names_and_other_kinds_of_names_are_tolerated() -> None:
    kana = x509.OtherName(KANA_OID, utf8_string("ミホン　ハナコ"))
    found = FourAttributes.from_alternative_name(names(GOOD, kana, x509.DNSName("a.example")))
    assert found.name == "見本　花子"


def test_a_long_address_needs_a_long_length() -> None:
    address = "見" * 200
    found = FourAttributes.from_alternative_name(names(GOOD | {ADDRESS_OID: address}))
    assert found.address == address


@pytest.mark.parametrize(
    ("text", "era", "exact"),
    [
        ("520190501", Era.REIWA, date(2019, 5, 1)),
        ("119120729", Era.MEIJI, date(1912, 7, 29)),
        ("319450000", Era.SHOWA, None),
        ("319450800", Era.SHOWA, None),
        ("000000000", Era.UNKNOWN, None),
        ("019600101", Era.UNKNOWN, date(1960, 1, 1)),
    ],
)
def test_unknown_parts_of_a_birth_date_make_no_date(
    text: str, era: Era, exact: date | None
) -> None:
    born = BirthDate.parse(text)
    assert (born.era, born.exact) == (era, exact)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "19880229",
        "4198802299",
        "619880229",
        "420011301",
        "420010132",
        "420010230",
        "４２００１０２０３",
    ],
)
def test_a_birth_date_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedAttributes):
        BirthDate.parse(text)


@pytest.mark.parametrize("missing", list(GOOD))
def test_each_of_the_four_must_be_there(missing: x509.ObjectIdentifier) -> None:
    values = {oid: text for oid, text in GOOD.items() if oid != missing}
    with pytest.raises(MalformedAttributes):
        FourAttributes.from_alternative_name(names(values))


@pytest.mark.parametrize(
    "change",
    [
        {SEX_OID: "9"},
        {SEX_OID: ""},
        {NAME_OID: ""},
        {NAME_OID: "　"},
        {NAME_OID: "見本\x00太郎"},
        {NAME_OID: "見本\n太郎"},
        {NAME_OID: "見本\u2028太郎"},
        {NAME_OID: "見本\u202e太郎"},
        {ADDRESS_OID: "東京都\u2066見本市"},
        {ADDRESS_OID: "見" * 201},
    ],
)
def test_an_unreadable_value_is_refused(change: dict[x509.ObjectIdentifier, str]) -> None:
    with pytest.raises(MalformedAttributes):
        FourAttributes.from_alternative_name(names(GOOD | change))


@pytest.mark.parametrize(
    "der",
    [b"", b"\x0c", b"\x16\x01a", b"\x0c\x02a", b"\x0c\x01ab", b"\x0c\x84aaaa", b"\x0c\x01\xff"],
)
def test_a_value_that_is_no_utf8_string_is_refused(der: bytes) -> None:
    values = {oid: text for oid, text in GOOD.items() if oid != NAME_OID}
    with pytest.raises(MalformedAttributes):
        FourAttributes.from_alternative_name(names(values, x509.OtherName(NAME_OID, der)))


def test_an_attribute_that_stands_twice_is_refused() -> None:
    with pytest.raises(MalformedAttributes):
        FourAttributes.from_alternative_name(
            names(GOOD, x509.OtherName(NAME_OID, utf8_string("別人")))
        )


def test_a_signature_certificate_without_attributes_is_refused(office: Office, card: Card) -> None:
    authority = office.authority(Purpose.SIGNATURE)
    der = altered(card.signing.certificate, authority, without=[x509.SubjectAlternativeName])
    with pytest.raises(MalformedAttributes):
        read_signature_certificate(der)


def test_attributes_never_show_in_a_log_line(card: Card) -> None:
    certificate = read_signature_certificate(card.signing.der)
    assert "見本" not in repr(certificate.attributes)
    assert "見本" not in repr(certificate)
