"""PINs: tries, blocking, what a power cut forgets and what it does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulators.card.card import SimulatedCard
from simulators.card.folder import UnreadableCard, read_folder
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, write_card
from tests.simulators.card.terminal import (
    AUTH_PIN_FILE,
    QUERY,
    SELECT_AP,
    SIGN_PIN_FILE,
    query,
    select,
    status,
    verify,
)

if TYPE_CHECKING:
    from pathlib import Path

PINS = [(AUTH_PIN_FILE, AUTH_PIN, 3), (SIGN_PIN_FILE, SIGN_PIN, 5)]


def reborn(folder: Path) -> SimulatedCard:
    """The same card in a new process."""
    return SimulatedCard(read_folder(folder))


@pytest.mark.parametrize(("file_id", "pin", "tries"), PINS)
def test_a_query_tells_the_tries_and_costs_none(
    card: SimulatedCard, file_id: str, pin: str, tries: int
) -> None:
    del pin
    assert [query(card, file_id) for _ in range(7)] == [f"63C{tries}"] * 7


@pytest.mark.parametrize(("file_id", "pin", "tries"), PINS)
def test_wrong_tries_count_down_to_zero(
    card: SimulatedCard, file_id: str, pin: str, tries: int
) -> None:
    del pin
    answers = [verify(card, file_id, "000000"[: 4 if tries == 3 else 6]) for _ in range(tries)]
    assert answers == [f"63C{left}" for left in reversed(range(tries))]
    assert query(card, file_id) == "63C0"


@pytest.mark.parametrize(("file_id", "pin", "tries"), PINS)
def test_the_right_pin_restores_the_tries(
    card: SimulatedCard, file_id: str, pin: str, tries: int
) -> None:
    verify(card, file_id, "9999")
    assert verify(card, file_id, pin) == "9000"
    assert query(card, file_id) == f"63C{tries}"


@pytest.mark.parametrize("word", ["6983", "6984", "63C0"])
def test_a_blocked_pin_refuses_even_the_right_one(tmp_path: Path, word: str) -> None:
    card = reborn(write_card(tmp_path, auth_tries_left=0, blocked_status=word))
    assert verify(card, AUTH_PIN_FILE, AUTH_PIN) == word
    assert query(card, AUTH_PIN_FILE) == "63C0"


def test_a_wrong_pin_takes_the_verified_state_away(card: SimulatedCard) -> None:
    verify(card, SIGN_PIN_FILE, SIGN_PIN)
    verify(card, SIGN_PIN_FILE, "WRONG1")
    select(card, "0001")
    assert status(card, "00B0000000") == "6982"


def test_small_letters_are_another_pin(card: SimulatedCard) -> None:
    assert verify(card, SIGN_PIN_FILE, SIGN_PIN.lower()) == "63C4"


def test_reselecting_keeps_the_verified_state(card: SimulatedCard) -> None:
    verify(card, SIGN_PIN_FILE, SIGN_PIN)
    status(card, SELECT_AP)
    select(card, "0001")
    assert status(card, "00B0000000") == "9000"


def test_power_down_forgets_the_verified_state_and_the_selection(card: SimulatedCard) -> None:
    verify(card, SIGN_PIN_FILE, SIGN_PIN)
    card.power_down()
    assert status(card, QUERY) == "6985"
    select(card, "0001")
    assert status(card, "00B0000000") == "6982"


def test_tries_survive_a_power_cut(card: SimulatedCard, folder: Path) -> None:
    verify(card, AUTH_PIN_FILE, "0000")
    assert query(reborn(folder), AUTH_PIN_FILE) == "63C2"
    assert query(reborn(folder), SIGN_PIN_FILE) == "63C5"


def test_a_card_issued_anew_starts_with_its_own_tries(card: SimulatedCard, folder: Path) -> None:
    verify(card, AUTH_PIN_FILE, "0000")
    description = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    changed = json.dumps(description | {"auth_pin": "5678"})
    (folder / "card.json").write_text(changed, encoding="utf-8")
    assert query(reborn(folder), AUTH_PIN_FILE) == "63C3"
    assert verify(reborn(folder), AUTH_PIN_FILE, "5678") == "9000"


def test_a_changed_pin_survives_a_power_cut(card: SimulatedCard, folder: Path) -> None:
    verify(card, AUTH_PIN_FILE, AUTH_PIN)
    assert status(card, "00240180043837" + "3635") == "9000"
    assert verify(reborn(folder), AUTH_PIN_FILE, AUTH_PIN) == "63C2"
    assert verify(reborn(folder), AUTH_PIN_FILE, "8765") == "9000"


def test_a_pin_changes_only_after_the_old_one_was_shown(card: SimulatedCard) -> None:
    select(card, AUTH_PIN_FILE)
    assert status(card, "00240180" + "04" + b"8765".hex()) == "6982"


@pytest.mark.parametrize(
    ("file_id", "pin", "replacement"),
    [
        (AUTH_PIN_FILE, AUTH_PIN, "12345"),
        (AUTH_PIN_FILE, AUTH_PIN, "12a4"),
        (SIGN_PIN_FILE, SIGN_PIN, "ABC12"),
        (SIGN_PIN_FILE, SIGN_PIN, "abc123"),
        (SIGN_PIN_FILE, SIGN_PIN, "A" * 17),
    ],
)
def test_a_new_pin_must_follow_the_rule(
    card: SimulatedCard, file_id: str, pin: str, replacement: str
) -> None:
    verify(card, file_id, pin)
    command = f"00240180{len(replacement):02X}{replacement.encode().hex()}"
    assert status(card, command) == "6A80"
    assert verify(card, file_id, pin) == "9000"


@pytest.mark.parametrize(
    ("command", "word"),
    [("00200180", "6A86"), ("00200081", "6A86"), ("0024008004" + "31" * 4, "6A86")],
)
def test_other_pin_parameters_are_refused(card: SimulatedCard, command: str, word: str) -> None:
    select(card, AUTH_PIN_FILE)
    assert status(card, command) == word


def test_verify_needs_a_selected_pin_file(card: SimulatedCard) -> None:
    select(card, "000A")
    assert status(card, QUERY) == "6985"


def test_a_card_without_a_sign_pin_accepts_none(tmp_path: Path) -> None:
    card = reborn(write_card(tmp_path, sign=False, sign_pin=None))
    assert verify(card, SIGN_PIN_FILE, SIGN_PIN) == "63C4"


@pytest.mark.parametrize(
    "change",
    [{"auth_tries_left": 4}, {"sign_tries_left": -1}, {"blocked_status": "9000"}],
    ids=["too many tries", "negative tries", "blocked says success"],
)
def test_a_folder_that_no_card_could_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(UnreadableCard):
        read_folder(write_card(tmp_path, **change))


def test_a_folder_with_a_missing_key_is_refused(folder: Path) -> None:
    (folder / "auth.key.pem").unlink()
    with pytest.raises(UnreadableCard):
        read_folder(folder)
