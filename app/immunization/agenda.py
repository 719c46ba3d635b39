"""What matters next to a parent: the vaccines that wait, the nearest deadline first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.immunization.results import GroupResult, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

NOW = frozenset({Status.DUE, Status.OVERDUE, Status.CONSULT_LATE_START})
SHOWN = (*NOW, Status.ELIGIBLE_EARLY, Status.NOT_YET)
URGENT_DAYS = 30


@dataclass(frozen=True)
class AgendaItem:
    """One vaccine on a parent's list.

    ``act_by``: the day to keep in mind, inclusive: the end of the recommended time while it lasts,
    after that the last day to start and still finish, or the last legal day. ``days_left`` until
    then (0 = today). ``covers``: further groups that the same shots complete. ``urgent``: a legal
    deadline lies within 30 days.
    """

    result: GroupResult
    act_by: date
    days_left: int
    urgent: bool
    standard_to: date | None
    covers: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.result.group

    @property
    def is_now(self) -> bool:
        """Whether the child should be vaccinated now."""
        return self.result.status in NOW

    @property
    def near(self) -> bool:
        """Whether it belongs on the first screen: to be given now, possible already, or soon."""
        return self.result.status is not Status.NOT_YET


def next_for_parent(results: Mapping[str, GroupResult], *, as_of: date) -> tuple[AgendaItem, ...]:
    """The vaccines a parent can act on, ordered by deadline.

    First those to be given now by ``act_by``, then those already possible, then those to come by
    their first day. Unconfirmed rows are left out; an unconfirmed end of the recommended time is no
    date. A group that repeats another one's result stands in that one's ``covers``.
    """
    items = [
        _item(result, _covered_by(result.group, results), as_of)
        for result in results.values()
        if result.status in SHOWN and result.publishable and result.follows is None
    ]
    return tuple(sorted(items, key=_order))


def _covered_by(group: str, results: Mapping[str, GroupResult]) -> tuple[str, ...]:
    return tuple(other.group for other in results.values() if other.follows == group)


def _item(result: GroupResult, covers: tuple[str, ...], as_of: date) -> AgendaItem:
    standard_to = result.standard_to if result.standard_to_publishable else None
    deadline = _legal_deadline(result, as_of)
    act_by = deadline
    if standard_to is not None and as_of <= standard_to:
        act_by = min(standard_to, deadline)
    return AgendaItem(
        result=result,
        act_by=act_by,
        days_left=(act_by - as_of).days,
        urgent=(deadline - as_of).days <= URGENT_DAYS,
        standard_to=standard_to,
        covers=covers,
    )


def _legal_deadline(result: GroupResult, as_of: date) -> date:
    last = result.last_start_to_complete
    if last is not None and last >= as_of:
        return last
    return result.latest or as_of


def _order(item: AgendaItem) -> tuple[int, date, date]:
    if item.is_now or item.urgent:
        return 0, item.act_by, item.act_by
    if item.result.status is Status.ELIGIBLE_EARLY:
        return 1, item.result.standard_from or item.act_by, item.act_by
    return 2, item.result.earliest or item.act_by, item.act_by
