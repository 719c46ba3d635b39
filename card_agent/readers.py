"""Which reader the page works with, and what state its card is in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from card_agent.errors import CardProblem
from card_agent.orders import tries_left
from card_agent.transport import Reader, Transport

if TYPE_CHECKING:
    from card_agent.wire import Order

CHOOSE = "choose-card"


@dataclass(frozen=True)
class CardState:
    """What the page shows before it asks for a PIN. ``problem`` is None when it may ask."""

    readers: tuple[Reader, ...]
    reader: str | None = None
    tries_left: int | None = None
    problem: str | None = None

    def as_json(self) -> dict[str, object]:
        """The members as the page reads them."""
        return asdict(self)


def card_state(transport: Transport, order: Order, *, wanted: str | None) -> CardState:
    """Look at the readers and, when it is clear which card is meant, at its PIN tries."""
    try:
        readers = transport.readers()
    except CardProblem as problem:
        return CardState(readers=(), problem=problem.code)
    chosen = _choose(readers, wanted)
    if not isinstance(chosen, Reader):
        return CardState(readers, problem=chosen)
    return _state_of(transport, order, readers, chosen.name)


def _choose(readers: tuple[Reader, ...], wanted: str | None) -> Reader | str:
    """The reader to use, or the code of what the person has to do first."""
    for reader in readers:
        if reader.name == wanted:
            return reader if reader.card_present else "no-card"
    present = [reader for reader in readers if reader.card_present]
    if len(present) == 1:
        return present[0]
    if present:
        return CHOOSE
    return "no-card" if readers else "no-reader"


def _state_of(
    transport: Transport, order: Order, readers: tuple[Reader, ...], name: str
) -> CardState:
    try:
        left = tries_left(transport, name, order)
    except CardProblem as problem:
        return CardState(readers, name, problem=problem.code)
    return CardState(readers, name, left, problem=None if left else "pin-blocked")
