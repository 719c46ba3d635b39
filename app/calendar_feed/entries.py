"""What stands in a calendar: an entry a visit, with a name and a number that outlive changes.

RFC 5545 names an entry by its UID for ever (3.8.4.7) and counts its revisions (SEQUENCE, 3.8.7.4).
So the day of an entry stays while it still suits the visit, and a visit that is open already is
put a week ahead instead of on every new today. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.crypto.digests import sha256, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.immunization.visits import Visit

AHEAD = timedelta(days=7)
UUID_BYTES = 16


@dataclass(frozen=True)
class Entry:
    """One visit of one child in the calendar. ``changed_at``: when what it says changed last."""

    uid: UUID
    child_name: str
    visit: Visit
    on: date
    sequence: int
    changed_at: datetime


def entry_of(
    feed_id: UUID,
    child: tuple[UUID, str],
    visit: Visit,
    published: Mapping[str, Any],
    *,
    now: datetime,
    today: date,
) -> Entry:
    """The entry of a visit, given what the feed published before; ``child``: id and given name."""
    child_id, name = child
    lead = visit.lead
    named = f"{feed_id}:{child_id}:{lead.group}:{lead.target}"
    uid = UUID(bytes=sha256(named.encode())[:UUID_BYTES])
    before = published.get(str(uid))
    on = _day(visit, date.fromisoformat(before["on"]) if before else None, today)
    if before is None:
        return Entry(uid, name, visit, on, 0, now)
    if before["digest"] == _digest(visit, on):
        changed_at = datetime.fromisoformat(before["changed_at"])
        return Entry(uid, name, visit, on, before["sequence"], changed_at)
    return Entry(uid, name, visit, on, before["sequence"] + 1, now)


def as_published(entries: Iterable[Entry]) -> dict[str, Any]:
    """What the feed remembers of its entries, as JSON."""
    return {
        str(entry.uid): {
            "on": entry.on.isoformat(),
            "digest": _digest(entry.visit, entry.on),
            "sequence": entry.sequence,
            "changed_at": entry.changed_at.isoformat(),
        }
        for entry in entries
    }


def _day(visit: Visit, before: date | None, today: date) -> date:
    if before is not None and max(today, visit.on) <= before <= visit.by:
        return before
    return visit.on if visit.on > today else min(today + AHEAD, visit.by)


def _digest(visit: Visit, on: date) -> str:
    doses = [f"{dose.group}/{dose.target}" for dose in visit.doses]
    return sha256_hex("\n".join([on.isoformat(), visit.by.isoformat(), *doses]))
