"""Challenges and documents carried out over the card desk, and what stops them."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from asn1crypto import cms
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from card_agent.desk import DeskTransport
from card_agent.errors import (
    CardBusy,
    CardRemoved,
    NoCard,
    NoReader,
    NoSignatureCertificate,
    ReaderServiceDown,
    WrongPin,
)
from card_agent.orders import carry_out, tries_left
from card_agent.readers import card_state
from card_agent.transport import Reader, connected
from card_agent.wire import Challenge, Document
from tests.card_agent.stage import NONCE
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, write_card

if TYPE_CHECKING:
    from simulators.card.desk_server import DeskServer

CALLER = "https://portal.example"
SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "config/wire/card-login.schema.json").read_text("utf-8")
)
TEXT = "開示に同意します。\n\t期限: 2026年12月22日\n"


def sign_document(transport: DeskTransport, *, pin: str = SIGN_PIN) -> cms.SignedData:
    message = carry_out(transport, "hanako", Document(TEXT), caller=CALLER, pin=pin)
    jsonschema.validate(message, SCHEMA)
    container = cms.ContentInfo.load(base64.b64decode(str(message["cms"])), strict=True)
    return container["content"]


def test_the_answer_to_a_challenge_keeps_the_contract(transport: DeskTransport) -> None:
    token = carry_out(transport, "hanako", Challenge(NONCE), caller=CALLER, pin=AUTH_PIN)
    jsonschema.validate(token, SCHEMA)
    assert token["type"] == "token"


def test_a_signed_document_encloses_exactly_the_shown_text(transport: DeskTransport) -> None:
    signed = sign_document(transport)
    assert signed["encap_content_info"]["content"].native == TEXT.encode()
    assert [choice.chosen.dump() for choice in signed["certificates"]]
    assert not signed["crls"]


def test_a_signed_document_verifies_by_an_independent_implementation(
    transport: DeskTransport, cards: Path
) -> None:
    signed = sign_document(transport)
    signer = signed["signer_infos"][0]
    certificate = signed["certificates"][0].chosen
    assert certificate.dump() == (cards / "hanako/sign.cer").read_bytes()
    intact, valid = validate_sig_integrity(
        signer,
        certificate,
        expected_content_type="data",
        actual_digest=signer_digest(signed),
    )
    assert (intact, valid) == (True, True)


def signer_digest(signed: cms.SignedData) -> bytes:
    return hashlib.sha256(bytes(signed["encap_content_info"]["content"])).digest()


def test_the_signed_attributes_name_time_and_certificate(transport: DeskTransport) -> None:
    attributes: list[dict[str, Any]] = sign_document(transport)["signer_infos"][0][
        "signed_attrs"
    ].native
    assert {attribute["type"] for attribute in attributes} == {
        "content_type",
        "message_digest",
        "signing_time",
        "signing_certificate_v2",
    }


def test_a_wrong_pin_costs_one_try(transport: DeskTransport) -> None:
    with pytest.raises(WrongPin) as wrong:
        carry_out(transport, "hanako", Challenge(NONCE), caller=CALLER, pin="0000")
    assert wrong.value.tries_left == 2
    assert tries_left(transport, "hanako", Challenge(NONCE)) == 2
    assert tries_left(transport, "hanako", Document(TEXT)) == 5


def test_a_shown_pin_does_not_outlive_the_connection(transport: DeskTransport) -> None:
    with connected(transport, "hanako") as connection:
        connection.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        connection.transmit(bytes.fromhex("00A4020C02001B"))
        shown = connection.transmit(bytes.fromhex("0020008006") + SIGN_PIN.encode())
    assert shown.status == 0x9000
    with connected(transport, "hanako") as connection:
        connection.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        connection.transmit(bytes.fromhex("00A4020C020001"))
        assert connection.transmit(bytes.fromhex("00B0000000")).status == 0x6982


def test_a_held_card_is_busy(transport: DeskTransport) -> None:
    with connected(transport, "hanako"), pytest.raises(CardBusy):
        carry_out(transport, "hanako", Challenge(NONCE), caller=CALLER, pin=AUTH_PIN)


def test_a_card_taken_out_midway_is_told_apart_from_no_card(
    transport: DeskTransport, desk: DeskServer
) -> None:
    with connected(transport, "hanako") as connection:
        desk.desk.remove("hanako")
        with pytest.raises(CardRemoved):
            connection.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    with pytest.raises(NoCard):
        tries_left(transport, "hanako", Challenge(NONCE))


def test_an_unknown_reader_is_no_reader(transport: DeskTransport) -> None:
    with pytest.raises(NoReader):
        tries_left(transport, "nobody", Challenge(NONCE))


def test_a_desk_that_is_away_is_a_service_that_does_not_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        silent = DeskTransport("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(ReaderServiceDown):
            silent.readers()
        assert card_state(silent, Challenge(NONCE), wanted=None).problem == "no-reader-service"


def test_a_child_cannot_sign(transport: DeskTransport, cards: Path) -> None:
    write_card(cards, "child", sign=False)
    with pytest.raises(NoSignatureCertificate):
        carry_out(transport, "child", Document(TEXT), caller=CALLER, pin=SIGN_PIN)


def test_one_card_is_chosen_by_itself(transport: DeskTransport) -> None:
    state = card_state(transport, Challenge(NONCE), wanted=None)
    assert (state.reader, state.tries_left, state.problem) == ("hanako", 3, None)


def test_several_cards_must_be_chosen_from(transport: DeskTransport, cards: Path) -> None:
    write_card(cards, "ichiro", auth_tries_left=0)
    state = card_state(transport, Challenge(NONCE), wanted=None)
    assert (state.reader, state.problem) == (None, "choose-card")
    chosen = card_state(transport, Challenge(NONCE), wanted="ichiro")
    assert (chosen.reader, chosen.problem) == ("ichiro", "pin-blocked")


def test_an_empty_reader_and_no_reader_are_told_apart(
    transport: DeskTransport, desk: DeskServer, cards: Path
) -> None:
    desk.desk.remove("hanako")
    state = card_state(transport, Challenge(NONCE), wanted=None)
    assert state.problem == "no-card"
    assert state.readers == (Reader("hanako", "hanako のカード", card_present=False),)
    assert card_state(transport, Challenge(NONCE), wanted="hanako").problem == "no-card"
    (cards / "hanako" / "card.json").unlink()
    assert card_state(transport, Challenge(NONCE), wanted=None).problem == "no-reader"
