"""The person a simulated card is made for, and how long it lasts. All of them are fictional."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import IntEnum

from simulators.jlis.clock import JST

SIGNATURE_AGE = 15  # the signature certificate is not issued to younger children
_ERA_STARTS = (
    (date(2019, 5, 1), 5),  # Reiwa
    (date(1989, 1, 8), 4),  # Heisei
    (date(1926, 12, 25), 3),  # Showa
    (date(1912, 7, 30), 2),  # Taisho
    (date(1868, 1, 25), 1),  # Meiji
)


class Sex(IntEnum):
    """As coded in the signature certificate."""

    MALE = 1
    FEMALE = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Holder:
    """Four attributes (基本4情報) and the municipality that handed out the card.

    ``name`` with a full-width space, ``municipality_code`` of six digits with its check digit.
    The substitute flags hold one ``0`` or ``1`` per character of name or address.
    """

    name: str
    born_on: date
    sex: Sex
    address: str
    municipality_code: str
    prefecture: str = "Tokyo-to"
    city: str = "Mihon-shi"
    name_substitutes: str = ""
    address_substitutes: str = ""

    @property
    def coded_birth(self) -> str:
        """``EYYYYMMDD``: era digit, then the Gregorian date."""
        era = next((code for start, code in _ERA_STARTS if self.born_on >= start), 0)
        return f"{era}{self.born_on:%Y%m%d}"

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        before_birthday = (day.month, day.day) < (self.born_on.month, self.born_on.day)
        return day.year - self.born_on.year - before_birthday

    def expiry_after(self, issued_at: datetime) -> datetime:
        """The last second, in Japan, of the fifth birthday after the day of issue."""
        issued_on = issued_at.astimezone(JST).date()
        year = issued_on.year
        if _birthday(self.born_on, year) <= issued_on:
            year += 1
        last_day = _birthday(self.born_on, year + 4)
        return datetime.combine(last_day, time(23, 59, 59), JST).astimezone(UTC)


def _birthday(born_on: date, year: int) -> date:
    try:
        return born_on.replace(year=year)
    except ValueError:  # 29 February in a common year
        return date(year, 2, 28)
