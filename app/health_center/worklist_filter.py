"""Which part of the worklist is asked for, as it stands in the address of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from app.family.district import district_name
from app.immunization.dates import FISCAL_YEAR_STARTS_IN
from app.immunization.results import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

SOON = timedelta(days=30)
ONLY = "only"
FIRST_YEAR, LAST_YEAR = 1990, 2199


class Tab(StrEnum):
    """The lists of the desk, the most pressing first."""

    SOON = "soon"
    OVERDUE = "overdue"
    DUE = "due"
    EARLY = "early"
    REVIEW = "review"
    ENDED = "ended"


STATUSES = {
    Tab.SOON: (Status.DUE, Status.OVERDUE, Status.ELIGIBLE_EARLY, Status.CONSULT_LATE_START),
    Tab.OVERDUE: (Status.OVERDUE, Status.CONSULT_LATE_START),
    Tab.DUE: (Status.DUE,),
    Tab.EARLY: (Status.ELIGIBLE_EARLY,),
    Tab.REVIEW: (Status.NEEDS_REVIEW, Status.COMPLETE),
    Tab.ENDED: (Status.UNREACHABLE, Status.EXPIRED),
}


@dataclass(frozen=True)
class Key:
    """The last row of the page before."""

    deadline: date
    child_id: UUID
    vaccine: str


@dataclass(frozen=True)
class Filter:
    """``cohort``: fiscal year of birth (2 April to 1 April, as school years go).

    ``district``: part of the municipality, as written at the child. ``unconfirmed``: only what
    rests on doses that nobody but the family has written.
    """

    tab: Tab = Tab.SOON
    vaccine: str | None = None
    cohort: int | None = None
    organisation_id: UUID | None = None
    district: str | None = None
    unconfirmed: bool = False
    after: Key | None = None

    @property
    def born(self) -> tuple[date, date] | None:
        """First and last birthday of the cohort."""
        if self.cohort is None:
            return None
        return (
            date(self.cohort, FISCAL_YEAR_STARTS_IN, 2),
            date(self.cohort + 1, FISCAL_YEAR_STARTS_IN, 1),
        )

    def address(self) -> dict[str, str]:
        """The arguments of the page's address."""
        after = self.after
        parts = {
            "tab": self.tab.value,
            "vaccine": self.vaccine,
            "cohort": self.cohort,
            "place": self.organisation_id,
            "district": self.district,
            "unconfirmed": ONLY if self.unconfirmed else None,
            "after": after and f"{after.deadline.isoformat()}_{after.child_id}_{after.vaccine}",
        }
        return {name: str(value) for name, value in parts.items() if value is not None}

    def on(self, tab: Tab) -> Filter:
        """The same on another list, from its start."""
        return replace(self, tab=tab, after=None)


def read_filter(arguments: Mapping[str, str], vaccines: Mapping[str, object]) -> Filter:
    """What the address asks for; anything unknown is as if it were not there."""
    tab = arguments.get("tab", "")
    cohort = arguments.get("cohort", "")
    year = int(cohort) if cohort.isascii() and cohort.isdecimal() and len(cohort) == 4 else 0  # noqa: PLR2004
    return Filter(
        Tab(tab) if tab in set(Tab) else Tab.SOON,
        arguments.get("vaccine") if arguments.get("vaccine") in vaccines else None,
        year if FIRST_YEAR <= year <= LAST_YEAR else None,
        _uuid(arguments.get("place", "")),
        district_name(arguments.get("district")),
        arguments.get("unconfirmed") == ONLY,
        _key(arguments.get("after", "")),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _key(text: str) -> Key | None:
    deadline, _, rest = text.partition("_")
    child, _, vaccine = rest.partition("_")
    child_id = _uuid(child)
    try:
        return Key(date.fromisoformat(deadline), child_id, vaccine) if child_id else None
    except ValueError:
        return None
