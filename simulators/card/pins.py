"""A PIN of the card: its rule, its tries, and whether it has been shown since power-up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.card import status
from simulators.card.status import CardRefusal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class PinRule:
    """What a PIN may look like, and how often it may be wrong."""

    pattern: re.Pattern[bytes]
    maximum_tries: int


AUTH_RULE = PinRule(re.compile(rb"[0-9]{4}"), 3)
SIGN_RULE = PinRule(re.compile(rb"[A-Z0-9]{6,16}"), 5)


@dataclass(frozen=True)
class PinValue:
    """What survives a power cut. ``secret`` is None on a card whose PIN was never set."""

    secret: bytes | None
    tries_left: int


class Pin:
    """Counts wrong tries down, refuses at zero, forgets the verified state at power-down.

    ``save`` is called with the new value before the outcome of a try is known, so pulling the card
    out early does not win a try.
    """

    def __init__(
        self,
        rule: PinRule,
        value: PinValue,
        *,
        blocked_status: int,
        save: Callable[[PinValue], None],
    ) -> None:
        self._rule = rule
        self._value = value
        self._blocked_status = blocked_status
        self._save = save
        self.verified = False

    @property
    def tries_left(self) -> int:
        """Tries left, 0 when blocked."""
        return self._value.tries_left

    def power_down(self) -> None:
        """Forget that the PIN was shown."""
        self.verified = False

    def query(self) -> int:
        """The status word that tells how many tries are left; costs none."""
        return status.TRIES_LEFT + self.tries_left

    def verify(self, candidate: bytes) -> int:
        """9000 and a full counter, or 63Cx and one try less, or the blocked status word."""
        if self.tries_left == 0:
            self.verified = False
            return self._blocked_status
        self._store(PinValue(self._value.secret, self.tries_left - 1))
        self.verified = self._value.secret is not None and candidate == self._value.secret
        if self.verified:
            self._store(PinValue(self._value.secret, self._rule.maximum_tries))
            return status.OK
        return status.TRIES_LEFT + self.tries_left

    def change(self, replacement: bytes) -> int:
        """Set a new PIN; allowed only after the old one was shown."""
        self.require()
        if not self._rule.pattern.fullmatch(replacement):
            raise CardRefusal(status.WRONG_DATA)
        self._store(PinValue(replacement, self._rule.maximum_tries))
        return status.OK

    def require(self) -> None:
        """Raise CardRefusal 6982 unless the PIN has been shown since power-up."""
        if not self.verified:
            raise CardRefusal(status.SECURITY_NOT_SATISFIED)

    def _store(self, value: PinValue) -> None:
        self._save(value)
        self._value = value
