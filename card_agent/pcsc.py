"""Real readers over PC/SC (pyscard), in exclusive mode, cutting the card's power afterwards.

pyscard is imported when first needed: without it the agent still runs with simulated readers.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from card_agent.errors import (
    CannotStart,
    CardBusy,
    CardProblem,
    CardRemoved,
    NoCard,
    NoReader,
    ReaderServiceDown,
    WrongCard,
)
from card_agent.transport import Reader, ResponseApdu, split_response

MISSING = (
    "Real card readers need the package pyscard, which is not installed here. Install "
    "requirements-card.txt, or use simulated readers (TSUNAGU_CARD_AGENT_SIMULATED_READERS)."
)


def load_scard() -> Any:
    """pyscard's thin layer over the system's PC/SC. Raises CannotStart when it is missing."""
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise CannotStart(MISSING) from error


class PcscTransport:
    """The readers of this computer."""

    simulated = False

    def __init__(self) -> None:
        self._scard = load_scard()

    def readers(self) -> tuple[Reader, ...]:
        """All readers with whether they hold a card, in the system's order."""
        scard = self._scard
        with _context(scard) as context:
            names = self._names(context)
            if not names:
                return ()
            asked = [(name, scard.SCARD_STATE_UNAWARE) for name in names]
            result, states = scard.SCardGetStatusChange(context, 0, asked)
            _require_success(scard, result)
        return tuple(
            Reader(name, name, card_present=bool(state & scard.SCARD_STATE_PRESENT))
            for name, state, _atr in states
        )

    def connect(self, reader: str) -> PcscConnection:
        """Take the card of one reader for ourselves, freshly powered."""
        scard = self._scard
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        context = _establish(scard)
        try:
            result, handle, _ = scard.SCardConnect(
                context, reader, scard.SCARD_SHARE_EXCLUSIVE, protocols
            )
            _require_success(scard, result)
            result, protocol = scard.SCardReconnect(
                handle, scard.SCARD_SHARE_EXCLUSIVE, protocols, scard.SCARD_UNPOWER_CARD
            )
            _require_success(scard, result)
        except CardProblem:
            scard.SCardReleaseContext(context)
            raise
        return PcscConnection(scard, context, handle, protocol)

    def _names(self, context: Any) -> list[str]:
        result, names = self._scard.SCardListReaders(context, [])
        if result == self._scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _require_success(self._scard, result)
        return list(names)


class PcscConnection:
    """Exclusive use of the card in one reader."""

    def __init__(self, scard: Any, context: Any, handle: Any, protocol: int) -> None:
        self._scard, self._context, self._handle = scard, context, handle
        self._protocol = (
            scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        )

    def transmit(self, apdu: bytes) -> ResponseApdu:
        """Carry one command to the card."""
        result, answer = self._scard.SCardTransmit(self._handle, self._protocol, list(apdu))
        if result == self._scard.SCARD_E_NO_SMARTCARD:
            raise CardRemoved
        _require_success(self._scard, result)
        return split_response(bytes(answer))

    def close(self) -> None:
        """Cut the card's power and let go of it."""
        self._scard.SCardDisconnect(self._handle, self._scard.SCARD_UNPOWER_CARD)
        self._scard.SCardReleaseContext(self._context)


def _establish(scard: Any) -> Any:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _require_success(scard, result)
    return context


@contextlib.contextmanager
def _context(scard: Any) -> Any:
    context = _establish(scard)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _require_success(scard: Any, result: int) -> None:
    """Raise the CardProblem that a PC/SC result code stands for (pcsclite.h)."""
    if result == scard.SCARD_S_SUCCESS:
        return
    problems: dict[int, type[CardProblem]] = {
        scard.SCARD_E_UNKNOWN_READER: NoReader,
        scard.SCARD_E_READER_UNAVAILABLE: NoReader,
        scard.SCARD_E_NO_READERS_AVAILABLE: NoReader,
        scard.SCARD_E_NO_SMARTCARD: NoCard,
        scard.SCARD_E_SHARING_VIOLATION: CardBusy,
        scard.SCARD_W_REMOVED_CARD: CardRemoved,
        scard.SCARD_W_RESET_CARD: CardRemoved,
        scard.SCARD_W_UNPOWERED_CARD: CardRemoved,
        scard.SCARD_W_UNRESPONSIVE_CARD: WrongCard,
        scard.SCARD_W_UNSUPPORTED_CARD: WrongCard,
        scard.SCARD_E_PROTO_MISMATCH: WrongCard,
    }
    raise problems.get(result, ReaderServiceDown)(f"PC/SC {result & 0xFFFFFFFF:08X}")
