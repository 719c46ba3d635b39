"""What the plan needs to know about children, read for many at once. No actor: the nightly round.

``Which``: a municipality's children from one id to another, or a handful by id.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from app.core import clock
from app.core.errors import TsunaguError
from app.identity.models import Sex
from app.immunization.possible import forecast_possible
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule
from app.immunization.standing import AT_EASE, Standing
from app.immunization.standing_queries import read_standings
from app.reminders import queries
from app.reminders.plan import NOTHING_SAID, Notice, Said, notices
from app.reminders.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.immunization.results import GroupResult
    from app.immunization.standing_queries import Which
    from app.reminders.plan import Key
    from app.reminders.queries import ChildRow

Results: TypeAlias = "Mapping[str, GroupResult]"


@dataclass(frozen=True)
class Facts:
    """One child on one day."""

    child: ChildRow
    given: tuple[GivenDose, ...]
    standing: Standing
    said: Said


class Unreadable(NamedTuple):
    """A child whose record the engine cannot judge; somebody has to look at it."""

    child_id: UUID
    code: str


def read_facts(
    session: Session, children: Iterable[ChildRow], which: Which, day: date
) -> list[Facts]:
    """Doses, standing and what was said, for these children."""
    given: dict[UUID, list[GivenDose]] = defaultdict(list)
    for child_id, product, on in queries.doses(session, which):
        given[child_id].append(GivenDose(product, on))
    standings = read_standings(session, which, day)
    said = _read_said(session, which, day)
    return [
        Facts(
            child,
            tuple(given.get(child.id, ())),
            standings.get(child.id, AT_EASE),
            said.get(child.id, NOTHING_SAID),
        )
        for child in children
    ]


def _read_said(session: Session, which: Which, day: date) -> dict[UUID, Said]:
    keys: dict[UUID, set[Key]] = defaultdict(set)
    lately: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    spacing = load_rules().spacing
    for child_id, group, target, stage, planned_at in queries.said(session, which):
        keys[child_id].add((group, target, stage))
        if clock.japanese_day(planned_at) > day - spacing:
            lately[child_id].add((group, target))
    return {
        child_id: Said(frozenset(of_child), frozenset(lately.get(child_id, ())))
        for child_id, of_child in keys.items()
    }


def judge(facts: Facts, day: date) -> Results:
    """What is possible for one child. Raises a ``TsunaguError`` where a record cannot be judged."""
    return forecast_possible(
        load_schedule(),
        born_on=facts.child.born_on,
        sex="F" if facts.child.sex == Sex.FEMALE else "M",
        given=facts.given,
        as_of=day,
    )


def plan_for(facts: Facts, day: date, said: Said | None = None) -> tuple[Notice, ...] | Unreadable:
    """What to say today. ``said``: what counts as said instead of the ledger."""
    if facts.standing.silence is not None:
        return ()
    try:
        results = judge(facts, day)
    except TsunaguError as problem:
        return Unreadable(facts.child.id, problem.code)
    before = facts.said if said is None else said
    stages = load_rules().stages
    return notices(results, facts.standing, before, as_of=day, stages=stages)
