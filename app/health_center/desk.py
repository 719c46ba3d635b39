"""What the desk keeps in mind between two children: vaccine, lot, place, day of this session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from app.health_center.barcode import Scanned
    from app.immunization.entry import DoseEntry

KEY = "desk"


@dataclass(frozen=True)
class Desk:
    """Defaults for the next entry. All but the place hold for one working day."""

    product: str | None = None
    lot: str | None = None
    expires_on: date | None = None
    gtin: str | None = None
    facility: str | None = None
    given_on: date | None = None

    @classmethod
    def of(cls, entry: DoseEntry) -> Self:
        """As the last entry was."""
        gtin = entry.gtin if entry.lot else None
        return cls(entry.product, entry.lot, entry.expires_on, gtin, entry.facility, entry.given_on)

    def with_box(self, box: Scanned, product: str | None) -> Desk:
        """With the box just read; ``product`` None is asked from the person."""
        return Desk(product, box.lot, box.expires_on, box.gtin, self.facility, self.given_on)


def read_desk(session: MutableMapping[str, Any], today: date) -> Desk:
    """The desk of this browser session."""
    kept = session.get(KEY) or {}
    if kept.get("on") != today.isoformat():
        return Desk(facility=kept.get("facility"))
    return Desk(
        kept.get("product"),
        kept.get("lot"),
        _day(kept.get("expires_on")),
        kept.get("gtin"),
        kept.get("facility"),
        _day(kept.get("given_on")),
    )


def keep_desk(session: MutableMapping[str, Any], desk: Desk, today: date) -> None:
    """Remember it until the session or the day ends."""
    session[KEY] = {
        "on": today.isoformat(),
        "product": desk.product,
        "lot": desk.lot,
        "expires_on": desk.expires_on.isoformat() if desk.expires_on else None,
        "gtin": desk.gtin,
        "facility": desk.facility,
        "given_on": desk.given_on.isoformat() if desk.given_on else None,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
