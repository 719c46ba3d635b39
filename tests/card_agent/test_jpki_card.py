"""The driver against the simulated card, in process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from card_agent.errors import (
    MalformedPin,
    NoSignatureCertificate,
    PinBlocked,
    UnexpectedAnswer,
    WrongCard,
    WrongPin,
)
from card_agent.jpki_card import AUTHENTICATION, SIGNATURE, JpkiCard
from card_agent.transport import ResponseApdu, split_response
from simulators.card.card import SimulatedCard
from simulators.card.folder import read_folder
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, private_key, write_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class InProcess:
    """A connection onto a card object; ``replies`` replace the answer to a command's start."""

    card: SimulatedCard
    sent: list[bytes] = field(default_factory=list)
    replies: dict[bytes, bytes] = field(default_factory=dict)

    def transmit(self, apdu: bytes) -> ResponseApdu:
        self.sent.append(apdu)
        for start, reply in self.replies.items():
            if apdu.startswith(start):
                return split_response(reply)
        return split_response(self.card.transmit(apdu))

    def close(self) -> None:
        self.card.power_down()


@pytest.fixture
def insert(tmp_path: Path) -> Callable[..., InProcess]:
    def make(**changes: object) -> InProcess:
        return InProcess(SimulatedCard(read_folder(write_card(tmp_path, **changes))))  # type: ignore[arg-type]

    return make


def test_the_certificate_comes_without_its_padding(
    insert: Callable[..., InProcess], tmp_path: Path
) -> None:
    card = JpkiCard(insert())
    assert card.read_certificate(AUTHENTICATION) == (tmp_path / "hanako/auth.cer").read_bytes()


def test_the_authentication_key_signs_after_its_pin(insert: Callable[..., InProcess]) -> None:
    card = JpkiCard(insert())
    card.verify(AUTHENTICATION, AUTH_PIN)
    signature = card.sign(AUTHENTICATION, b"message")
    public = private_key("auth").public_key()
    public.verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


def test_the_signature_key_and_its_certificate_need_its_pin(
    insert: Callable[..., InProcess], tmp_path: Path
) -> None:
    card = JpkiCard(insert())
    with pytest.raises(UnexpectedAnswer) as refusal:
        card.read_certificate(SIGNATURE)
    assert refusal.value.status == 0x6982
    card.verify(SIGNATURE, SIGN_PIN)
    assert card.read_certificate(SIGNATURE) == (tmp_path / "hanako/sign.cer").read_bytes()
    public = private_key("sign").public_key()
    signature = card.sign(SIGNATURE, b"m")
    public.verify(signature, b"m", padding.PKCS1v15(), hashes.SHA256())


def test_a_wrong_pin_tells_the_tries_left(insert: Callable[..., InProcess]) -> None:
    card = JpkiCard(insert())
    with pytest.raises(WrongPin) as wrong:
        card.verify(AUTHENTICATION, "0000")
    assert wrong.value.tries_left == card.tries_left(AUTHENTICATION) == 2


@pytest.mark.parametrize("word", ["6983", "6984", "63C0"])
def test_blocked_is_judged_from_the_query(insert: Callable[..., InProcess], word: str) -> None:
    card = JpkiCard(insert(auth_tries_left=1, blocked_status=word))
    with pytest.raises(PinBlocked):
        card.verify(AUTHENTICATION, "0000")
    with pytest.raises(PinBlocked):
        card.verify(AUTHENTICATION, AUTH_PIN)


@pytest.mark.parametrize("word", [b"\x69\x84", b"\x69\x83"])
def test_a_query_that_answers_blocked_counts_as_no_tries(
    insert: Callable[..., InProcess], word: bytes
) -> None:
    connection = insert()
    connection.replies[bytes.fromhex("00200080")] = word
    assert JpkiCard(connection).tries_left(AUTHENTICATION) == 0


@pytest.mark.parametrize("pin", ["", "123", "12345", "12a4", "１２３４"])
def test_a_pin_of_the_wrong_form_never_reaches_the_card(
    insert: Callable[..., InProcess], pin: str
) -> None:
    connection = insert()
    card = JpkiCard(connection)
    before = list(connection.sent)
    with pytest.raises(MalformedPin):
        card.verify(AUTHENTICATION, pin)
    assert connection.sent == before


def test_another_card_is_recognised_as_such(insert: Callable[..., InProcess]) -> None:
    connection = insert()
    connection.replies[bytes.fromhex("00A4040C")] = b"\x6a\x82"
    with pytest.raises(WrongCard):
        JpkiCard(connection)


def test_a_card_without_signature_certificate_says_so_before_the_pin(
    insert: Callable[..., InProcess],
) -> None:
    with pytest.raises(NoSignatureCertificate):
        JpkiCard(insert(sign=False)).require_signature_certificate()


def test_a_card_that_does_not_tell_is_found_out_after_the_pin(
    insert: Callable[..., InProcess],
) -> None:
    connection = insert(sign=False)
    connection.replies[bytes.fromhex("00A4020C020008")] = b"\x6a\x82"
    card = JpkiCard(connection)
    card.require_signature_certificate()
    card.verify(SIGNATURE, SIGN_PIN)
    with pytest.raises(NoSignatureCertificate):
        card.read_certificate(SIGNATURE)


@pytest.mark.parametrize(
    ("start", "reply"),
    [
        ("00B00000", "3082FFFF9000"),  # longer than any certificate
        ("00B00000", "308200109000"),  # the rest is not what the header promises
        ("00A4020C02000A", "6A82"),
    ],
)
def test_a_certificate_file_without_a_certificate_is_refused(
    insert: Callable[..., InProcess], start: str, reply: str
) -> None:
    connection = insert()
    connection.replies[bytes.fromhex(start)] = bytes.fromhex(reply)
    with pytest.raises(NoSignatureCertificate):
        JpkiCard(connection).read_certificate(AUTHENTICATION)


def test_reads_that_bring_nothing_end(insert: Callable[..., InProcess]) -> None:
    connection = insert()
    connection.replies[bytes.fromhex("00B0000400")] = b"\x90\x00"
    with pytest.raises(UnexpectedAnswer):
        JpkiCard(connection).read_certificate(AUTHENTICATION)


def test_only_the_jpki_application_is_ever_selected(insert: Callable[..., InProcess]) -> None:
    connection = insert()
    card = JpkiCard(connection)
    card.require_signature_certificate()
    card.verify(SIGNATURE, SIGN_PIN)
    card.read_certificate(SIGNATURE)
    card.sign(SIGNATURE, b"m")
    selected = [apdu[5:] for apdu in connection.sent if apdu.startswith(b"\x00\xa4\x04")]
    assert selected == [bytes.fromhex("D392F000260100000001")]
