"""Where a child stands, with words only for the vaccines somebody asks about. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.immunization import explain, visits
from app.immunization.agenda import next_for_parent
from app.immunization.forecast import Asked, ask, decide
from app.immunization.plan import lay_out
from app.immunization.projection import project
from app.immunization.resting import groups_resting_on
from app.immunization.standing import AT_EASE, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from app.immunization.agenda import AgendaItem
    from app.immunization.projection import PlannedDose
    from app.immunization.results import GivenDose, GroupResult
    from app.immunization.rules import Schedule, Sex


@dataclass(frozen=True, eq=False)
class Overview:
    """One child on one day. ``results`` carry verdicts and dates, no reasons.

    What is to come is told as far as ``standing`` lets the family be told of it. ``resting``: the
    vaccines whose answer rests on ``copies``, doses that only the family has written.
    """

    asked: Asked
    results: Mapping[str, GroupResult]
    standing: Standing = AT_EASE
    copies: tuple[GivenDose, ...] = ()
    resting: frozenset[str] = frozenset()

    def unconfirmed(self) -> frozenset[str]:
        """Of those vaccines: the ones the family may be told of."""
        return frozenset(group for group in self.resting if self.standing.speaks_of(group))

    def upcoming(self) -> tuple[AgendaItem, ...]:
        """The vaccines the family can act on, the nearest deadline first."""
        items = next_for_parent(self.results, as_of=self.asked.as_of)
        return tuple(item for item in items if self.standing.speaks_of(item.group))

    def plan(self) -> dict[str, tuple[PlannedDose, ...]]:
        """Every dose given, and every dose to come."""
        return {
            group: tuple(
                dose for dose in doses if dose.is_given or self.standing.speaks_of(dose.group)
            )
            for group, doses in project(self.asked).items()
        }

    def explained(self, group: str) -> GroupResult:
        """One vaccine with its reasons in words."""
        schedule, result = self.asked.schedule, self.results[group]
        plan = next(p for p in lay_out(schedule, self.asked.born_on) if p.code == group)
        return explain.with_reasons(schedule, plan, result, self.asked.history, self.asked.as_of)

    def visits(self, *, most: int = visits.MOST_VISITS) -> tuple[visits.Visit, ...]:
        """The coming vaccines gathered into visits."""
        if self.standing.silence is not None:
            return ()
        return visits.visits_of(self.asked, most=most, without=self.standing.objections)


def look_over(
    schedule: Schedule,
    *,
    born_on: date,
    sex: Sex,
    given: Iterable[GivenDose],
    as_of: date,
    standing: Standing = AT_EASE,
    copies: Iterable[GivenDose] = (),
) -> Overview:
    """``copies``: those of ``given`` that nobody confirmed. Raises what ``forecast.ask`` raises."""
    asked = ask(schedule, born_on=born_on, sex=sex, given=given, as_of=as_of)
    results, copied = decide(asked), tuple(copies)
    resting = groups_resting_on(asked, results, copied)
    return Overview(asked, results, standing, copied, resting)
