"""Which reminders a child's family gets today: the forecast, minus what was sent. Pure.

A reminder recommends and does not order. Nothing is said about what was refused or speaks against
the child's health, nor while a family wants silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from app.immunization.agenda import next_for_parent
from app.immunization.results import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from app.immunization.agenda import AgendaItem
    from app.immunization.results import GroupResult
    from app.immunization.standing import Standing


class Stage(StrEnum):
    """Why now. Each is said once for each dose.

    ``DUE``: the recommended time has come. ``CATCH_UP``: it is over and the dose can still be
    given. ``LAST_START``: within 30 days it becomes too late to finish the series.
    ``LAST_DAYS``: within 30 days the last legal day comes.
    """

    DUE = "due"
    CATCH_UP = "catch_up"
    LAST_START = "last_start"
    LAST_DAYS = "last_days"


PRESSING = frozenset({Stage.LAST_START, Stage.LAST_DAYS})
ALL_STAGES = frozenset(Stage)


Key: TypeAlias = tuple[str, str, Stage]


class Notice(NamedTuple):
    """One reminder: vaccine, dose of its series, why now, and the day to keep in mind."""

    group: str
    target: str
    stage: Stage
    due_on: date

    @property
    def key(self) -> Key:
        """What it is told by in the ledger: once for each child."""
        return self.group, self.target, self.stage


@dataclass(frozen=True)
class Said:
    """What was said about a child. ``lately``: vaccine and dose spoken of lately."""

    keys: frozenset[Key] = field(default=frozenset())
    lately: frozenset[tuple[str, str]] = field(default=frozenset())

    def leaves(self, notice: Notice) -> bool:
        """Whether a notice is new, and no mere repetition unless a last day comes near."""
        if notice.key in self.keys:
            return False
        return notice.stage in PRESSING or (notice.group, notice.target) not in self.lately


NOTHING_SAID = Said()


def notices(
    results: Mapping[str, GroupResult],
    standing: Standing,
    said: Said,
    *,
    as_of: date,
    stages: Collection[Stage] = ALL_STAGES,
) -> tuple[Notice, ...]:
    """What is to be said today and was not said before, by the day to keep in mind."""
    return tuple(
        notice
        for notice in _sayable(results, as_of)
        if notice.stage in stages and standing.speaks_of(notice.group) and said.leaves(notice)
    )


def _sayable(results: Mapping[str, GroupResult], as_of: date) -> Iterator[Notice]:
    for item in next_for_parent(results, as_of=as_of):
        stage = _stage(item, as_of)
        if stage is not None and item.result.next_dose is not None:
            yield Notice(item.group, item.result.next_dose, stage, item.act_by)


def _stage(item: AgendaItem, as_of: date) -> Stage | None:
    """None where there is nothing to recommend: too early, or a start to be talked over first."""
    result = item.result
    if result.status in {Status.NOT_YET, Status.CONSULT_LATE_START}:
        return None
    if item.urgent:
        last = result.last_start_to_complete
        ends_earlier = last is not None and result.latest is not None and last < result.latest
        return Stage.LAST_START if ends_earlier and _not_before(last, as_of) else Stage.LAST_DAYS
    return {Status.DUE: Stage.DUE, Status.OVERDUE: Stage.CATCH_UP}.get(result.status)


def _not_before(day: date | None, as_of: date) -> bool:
    return day is not None and day >= as_of
