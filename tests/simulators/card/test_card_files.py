"""Selecting and reading: applications, files, offsets, short identifiers, lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulators.card.card import ATR_CONTACT, ATR_CONTACTLESS, SimulatedCard
from simulators.card.folder import read_folder
from tests.simulators.card.folders import SIGN_PIN, write_card
from tests.simulators.card.terminal import SELECT_AP, SIGN_PIN_FILE, select, send, status, verify

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN_APPLICATIONS = {
    "the application with the Individual Number": "D3921000310001010408",
    "the application with the card's face": "D3921000310001010402",
    "PIV": "A000000308000010000100",
    "one byte short of JPKI": "D392F0002601000000",
}
CERTIFICATES = {"0002": "sign-ca.cer", "000A": "auth.cer", "000B": "auth-ca.cer"}


def test_a_contact_card_shows_the_atr_opensc_knows(card: SimulatedCard) -> None:
    assert card.atr == ATR_CONTACT == bytes.fromhex("3BE000FF8131FE4514")


def test_a_contactless_card_shows_the_readers_atr(tmp_path: Path) -> None:
    card = SimulatedCard(read_folder(write_card(tmp_path, contactless=True)))
    assert card.atr == ATR_CONTACTLESS == bytes.fromhex("3B888001000000009181C100D8")


def test_the_jpki_application_can_be_selected(card: SimulatedCard) -> None:
    assert status(card, SELECT_AP) == "9000"


@pytest.mark.parametrize("aid", FOREIGN_APPLICATIONS.values(), ids=FOREIGN_APPLICATIONS)
def test_no_other_application_exists(card: SimulatedCard, aid: str) -> None:
    assert status(card, f"00A4040C{len(aid) // 2:02X}{aid}") == "6A82"


def test_a_foreign_application_does_not_unselect_jpki(card: SimulatedCard) -> None:
    status(card, SELECT_AP)
    status(card, "00A4040C0AD3921000310001010408")
    assert status(card, "00A4020C02000A") == "9000"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("00A4000C023F00", "6A86"),  # master file
        ("00A4040809" + "00" * 9, "6A86"),  # unknown P2
        ("00A4020C0100", "6700"),  # file id of one byte
        ("00A4020C02000A", "6A82"),  # file before any application
    ],
)
def test_other_selections_are_refused(card: SimulatedCard, command: str, word: str) -> None:
    assert status(card, command) == word


@pytest.mark.parametrize(
    "file_id",
    ["0001", "0002", "0006", "0008", "000A", "000B", "0016", "0017", "0018", "001A", "001B"],
)
def test_every_file_of_the_application_can_be_selected(card: SimulatedCard, file_id: str) -> None:
    assert select(card, file_id) == "9000"


@pytest.mark.parametrize("file_id", ["0003", "0011", "0012", "2F00"])
def test_other_files_do_not_exist(card: SimulatedCard, file_id: str) -> None:
    assert select(card, file_id) == "6A82"


@pytest.mark.parametrize(("file_id", "name"), CERTIFICATES.items())
def test_free_certificates_are_padded_with_ff(
    card: SimulatedCard, folder: Path, file_id: str, name: str
) -> None:
    select(card, file_id)
    content, word = send(card, "00B00000000000")
    assert word == "9000"
    assert content == (folder / name).read_bytes().ljust(2048, b"\xff")


def test_the_sign_certificate_needs_the_sign_pin(card: SimulatedCard, folder: Path) -> None:
    select(card, "0001")
    assert status(card, "00B0000000") == "6982"
    assert verify(card, SIGN_PIN_FILE, SIGN_PIN) == "9000"
    select(card, "0001")
    certificate = (folder / "sign.cer").read_bytes()
    assert send(card, "00B0000000") == (certificate[:256], "9000")


def test_the_auth_pin_does_not_open_the_sign_certificate(card: SimulatedCard) -> None:
    assert verify(card, "0018", "1234") == "9000"
    select(card, "0001")
    assert status(card, "00B0000000") == "6982"


def test_short_reads_walk_through_the_file(card: SimulatedCard, folder: Path) -> None:
    select(card, "000A")
    parts = [send(card, f"00B0{offset:04X}00")[0] for offset in range(0, 2048, 256)]
    assert b"".join(parts) == (folder / "auth.cer").read_bytes().ljust(2048, b"\xff")


@pytest.mark.parametrize(
    ("command", "length"),
    [("00B0000004", 4), ("00B0000000000A", 10), ("00B007F000", 16), ("00B007FF00", 1)],
)
def test_le_and_the_files_end_bound_what_is_read(
    card: SimulatedCard, command: str, length: int
) -> None:
    select(card, "000A")
    content, word = send(card, command)
    assert (len(content), word) == (length, "9000")


@pytest.mark.parametrize("offset", ["0800", "7FFF"])
def test_reading_past_the_end_is_refused(card: SimulatedCard, offset: str) -> None:
    select(card, "000A")
    assert status(card, f"00B0{offset}00") == "6B00"


def test_a_short_identifier_reads_and_selects(card: SimulatedCard, folder: Path) -> None:
    status(card, SELECT_AP)
    certificate = (folder / "auth.cer").read_bytes()
    assert send(card, "00B08A0400") == (certificate[4:260], "9000")
    assert send(card, "00B0000004") == (certificate[:4], "9000")


@pytest.mark.parametrize(
    ("command", "word"),
    [("00B0830000", "6A82"), ("00B0CA0000", "6A86"), ("00B0810000", "6982")],
)
def test_short_identifiers_obey_the_same_rules(
    card: SimulatedCard, command: str, word: str
) -> None:
    status(card, SELECT_AP)
    assert status(card, command) == word


@pytest.mark.parametrize("file_id", ["0016", "0017", "0018", "001A", "001B"])
def test_keys_and_pins_cannot_be_read(card: SimulatedCard, file_id: str) -> None:
    select(card, file_id)
    assert status(card, "00B0000000") == "6981"


def test_reading_without_a_selected_file_is_refused(card: SimulatedCard) -> None:
    status(card, SELECT_AP)
    assert status(card, "00B0000000") == "6986"


@pytest.mark.parametrize("command", ["00B00000", "00B00000020102", "00B0000002010200"])
def test_a_read_without_a_plain_le_is_refused(card: SimulatedCard, command: str) -> None:
    select(card, "000A")
    assert status(card, command) == "6700"


def test_token_info_names_a_card(card: SimulatedCard) -> None:
    select(card, "0006")
    content, _ = send(card, "00B0000000")
    assert content[:32] == b"JPKIAPICCTOKEN2".ljust(32)
    assert len(content) == 160


@pytest.mark.parametrize(("sign", "expected"), [(True, "8F8F00"), (False, "008F00")])
def test_the_card_tells_which_certificates_it_holds(
    tmp_path: Path, *, sign: bool, expected: str
) -> None:
    card = SimulatedCard(read_folder(write_card(tmp_path, sign=sign)))
    select(card, "0008")
    assert send(card, "00B0000003") == (bytes.fromhex(expected), "9000")


def test_without_a_sign_certificate_its_file_is_empty(tmp_path: Path) -> None:
    card = SimulatedCard(read_folder(write_card(tmp_path, sign=False)))
    verify(card, SIGN_PIN_FILE, SIGN_PIN)
    select(card, "0001")
    assert send(card, "00B0000004") == (b"\xff" * 4, "9000")


@pytest.mark.parametrize("command", ["00CADF3005", "00CB3FFF035C017E08", "0084000008"])
def test_unknown_commands_are_never_accepted(card: SimulatedCard, command: str) -> None:
    assert status(card, command) == "6985"
    status(card, SELECT_AP)
    assert status(card, command) == "6D00"


@pytest.mark.parametrize("command", ["10A4040C00", "902A008000", "FFCA000000"])
def test_unknown_classes_are_refused(card: SimulatedCard, command: str) -> None:
    assert status(card, command) == "6E00"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "00A404",
        "00A4040C0AD392",  # Lc promises more
        "00A4040C02000A0000",  # bytes after Le
        "00A4040C00000AD392",  # extended Lc promises more
        "00A4040C000000D392",  # extended Lc of zero
        "00A4040C0000",  # extended, cut off
        "00A4040C000002000A00",  # extended Le of one byte
    ],
)
def test_lengths_that_do_not_add_up_are_refused(card: SimulatedCard, command: str) -> None:
    assert status(card, command) == "6700"


def test_extended_length_selects_too(card: SimulatedCard) -> None:
    assert status(card, "00A4040C00000AD392F000260100000001") == "9000"
