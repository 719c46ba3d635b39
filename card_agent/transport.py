"""The seam between the agent and a card: readers, and command bytes to one card."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS_BYTES = 2


@dataclass(frozen=True)
class Reader:
    """A card reader. ``name`` identifies it, ``label`` is what a person reads."""

    name: str
    label: str
    card_present: bool


@dataclass(frozen=True)
class ResponseApdu:
    """A card's answer: data and the status word (ISO/IEC 7816-4 §5.6)."""

    data: bytes
    status: int


class CardConnection(Protocol):
    """Exclusive use of one card. Closing cuts its power, so no shown PIN outlives it."""

    def transmit(self, apdu: bytes) -> ResponseApdu:
        """Carry one command to the card. Raises CardRemoved or ReaderServiceDown."""
        ...

    def close(self) -> None:
        """Give the card back without power. Never raises."""
        ...


class Transport(Protocol):
    """Real readers over PC/SC, or the simulated card desk."""

    @property
    def simulated(self) -> bool:
        """Whether the cards are simulated; pages then say so."""
        ...

    def readers(self) -> tuple[Reader, ...]:
        """All readers, empty when there is none. Raises ReaderServiceDown."""
        ...

    def connect(self, reader: str) -> CardConnection:
        """Take one reader's card. Raises NoReader, NoCard, CardBusy or ReaderServiceDown."""
        ...


@contextmanager
def connected(transport: Transport, reader: str) -> Iterator[CardConnection]:
    """A connection that is closed whatever happens."""
    connection = transport.connect(reader)
    try:
        yield connection
    finally:
        connection.close()


def split_response(raw: bytes) -> ResponseApdu:
    """Separate data and status word. Raises ValueError for less than two bytes."""
    if len(raw) < _STATUS_BYTES:
        raise ValueError("an answer has at least a status word")
    return ResponseApdu(raw[:-_STATUS_BYTES], int.from_bytes(raw[-_STATUS_BYTES:], "big"))
