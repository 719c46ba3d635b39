"""Where a child stands, with words only for the vaccines somebody asks about. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.immunization import explain, visits
from app.immunization.forecast import Asked, ask, decide
from app.immunization.plan import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from app.immunization.results import GivenDose, GroupResult
    from app.immunization.rules import Schedule, Sex


@dataclass(frozen=True, eq=False)
class Overview:
    """One child on one day. ``results`` carry verdicts and dates, no reasons."""

    asked: Asked
    results: Mapping[str, GroupResult]

    def explained(self, group: str) -> GroupResult:
        """One vaccine with its reasons in words."""
        schedule, result = self.asked.schedule, self.results[group]
        plan = next(p for p in lay_out(schedule, self.asked.born_on) if p.code == group)
        return explain.with_reasons(schedule, plan, result, self.asked.history, self.asked.as_of)

    def visits(self, *, most: int = visits.MOST_VISITS) -> tuple[visits.Visit, ...]:
        """The coming vaccines gathered into visits."""
        return visits.visits_of(self.asked, most=most)


def look_over(
    schedule: Schedule, *, born_on: date, sex: Sex, given: Iterable[GivenDose], as_of: date
) -> Overview:
    """Raises what ``forecast.ask`` raises."""
    asked = ask(schedule, born_on=born_on, sex=sex, given=given, as_of=as_of)
    return Overview(asked, decide(asked))
