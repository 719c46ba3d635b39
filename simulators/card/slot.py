"""What a reader does with a card, one message at a time: power, ATR, commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.card.framing import GET_ATR, POWER_CYCLES

if TYPE_CHECKING:
    from simulators.card.card import SimulatedCard


def answer(card: SimulatedCard, message: bytes) -> bytes | None:
    """The card's answer to one message of the reader; None when the protocol expects none."""
    if message in POWER_CYCLES:
        card.power_down()
        return None
    if message == GET_ATR:
        return card.atr
    return card.transmit(message)
