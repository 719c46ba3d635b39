"""Short names for the commands that tests send."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.card.card import SimulatedCard

SELECT_AP = "00A4040C0AD392F000260100000001"
QUERY = "00200080"
AUTH_PIN_FILE, SIGN_PIN_FILE = "0018", "001B"
AUTH_KEY, SIGN_KEY = "0017", "001A"


def send(card: SimulatedCard, command: str | bytes) -> tuple[bytes, str]:
    """Answer data and the status word in upper-case hexadecimal."""
    raw = bytes.fromhex(command) if isinstance(command, str) else command
    answer = card.transmit(raw)
    return answer[:-2], answer[-2:].hex().upper()


def status(card: SimulatedCard, command: str | bytes) -> str:
    """The status word alone."""
    return send(card, command)[1]


def select(card: SimulatedCard, file_id: str) -> str:
    """Select the application and one of its files."""
    status(card, SELECT_AP)
    return status(card, f"00A4020C02{file_id}")


def verify(card: SimulatedCard, pin_file: str, pin: str) -> str:
    """Show a PIN."""
    select(card, pin_file)
    secret = pin.encode().hex()
    return status(card, f"00200080{len(pin):02X}{secret}")


def query(card: SimulatedCard, pin_file: str) -> str:
    """Ask for the tries left."""
    select(card, pin_file)
    return status(card, QUERY)
