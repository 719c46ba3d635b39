"""People's phones: each reads its owner's simulated card and asks for the card's own PIN."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509

from simulators.card.card import AID, SimulatedCard
from simulators.card.files import AUTH_PIN
from simulators.card.folder import UnreadableCard, read_folder
from simulators.jlis.index import IssuedIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_OK = 0x9000


class Trouble(StrEnum):
    """Why a phone could not say who its owner is."""

    NO_SUCH_PHONE = "no-such-phone"
    WRONG_PIN = "wrong-pin"
    PIN_BLOCKED = "pin-blocked"
    NOT_LIVE = "not-live"


class PhoneTrouble(Exception):
    """The person was not authenticated."""

    def __init__(self, trouble: Trouble, tries_left: int = 0) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.tries_left = tries_left


@dataclass(frozen=True)
class Phone:
    """One phone. ``key`` names its owner for good, whatever card they hold."""

    key: str
    label: str


@dataclass(frozen=True)
class Phones:
    """Every card folder is somebody's phone."""

    var: Path

    def all(self) -> list[Phone]:
        """In the order of their keys."""
        return sorted(self._found(), key=lambda phone: phone.key)

    def authenticate(self, key: str, pin: str, *, at: datetime) -> Phone:
        """Show the PIN to the card and ask J-LIS about its certificate. Raises PhoneTrouble."""
        phone = next((one for one in self._found() if one.key == key), None)
        if phone is None:
            raise PhoneTrouble(Trouble.NO_SUCH_PHONE)
        folder = read_folder(self.var / "cards" / key)
        _show_pin(SimulatedCard(folder), pin)
        certificate = x509.load_der_x509_certificate(folder.auth.certificate)
        in_time = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        if not in_time or self._is_revoked(format(certificate.serial_number, "x")):
            raise PhoneTrouble(Trouble.NOT_LIVE)
        return phone

    def _found(self) -> Iterator[Phone]:
        for folder in (self.var / "cards").glob("*/card.json"):
            try:
                card = read_folder(folder.parent)
            except UnreadableCard:
                continue
            yield Phone(folder.parent.name, card.label)

    def _is_revoked(self, serial: str) -> bool:
        rows = IssuedIndex(self.var / "jlis" / "register.sqlite").of_serial(serial)
        return not rows or any(row.revoked_at is not None for row in rows)


def _show_pin(card: SimulatedCard, pin: str) -> None:
    """SELECT the application and the PIN, then VERIFY (ISO/IEC 7816-4)."""
    card.transmit(b"\x00\xa4\x04\x0c" + bytes([len(AID)]) + AID)
    card.transmit(b"\x00\xa4\x02\x0c\x02" + AUTH_PIN.to_bytes(2, "big"))
    if _tries(card) == 0:
        raise PhoneTrouble(Trouble.PIN_BLOCKED)
    secret = pin.encode("ascii", errors="replace")[:16] or b"?"
    word = int.from_bytes(card.transmit(b"\x00\x20\x00\x80" + bytes([len(secret)]) + secret), "big")
    if word == _OK:
        return
    left = _tries(card)
    raise PhoneTrouble(Trouble.WRONG_PIN if left else Trouble.PIN_BLOCKED, left)


def _tries(card: SimulatedCard) -> int:
    return card.transmit(b"\x00\x20\x00\x80")[-1] & 0x0F
