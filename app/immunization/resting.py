"""Which answers rest on doses that only the family has written (保護者記入). Pure.

Such doses count as given: for intervals, and so that none is offered twice. What would be another
answer without them is said to rest on them, until staff have seen the book.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from app.immunization.forecast import Asked, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from app.immunization.results import GivenDose, GroupResult

Answer: TypeAlias = tuple[object, ...]


def groups_resting_on(
    asked: Asked, results: Mapping[str, GroupResult], copies: Iterable[GivenDose]
) -> frozenset[str]:
    """The vaccines whose status or days would be others without these doses."""
    certain = without(asked.history, copies)
    if len(certain) == len(asked.history):
        return frozenset()
    alone = decide(asked.again(certain, asked.as_of))
    today = asked.as_of
    return frozenset(
        group
        for group, result in results.items()
        if _answer(result, today) != _answer(alone[group], today)
    )


def without(given: Sequence[GivenDose], copies: Iterable[GivenDose]) -> tuple[GivenDose, ...]:
    """The doses in their order without these, each taken away once."""
    rest = list(given)
    for copy in copies:
        if copy in rest:
            rest.remove(copy)
    return tuple(rest)


def _answer(result: GroupResult, today: date) -> Answer:
    """What somebody acts on; a first day that has passed is as good as today."""
    begin = (result.earliest, result.standard_from)
    return (
        result.status,
        result.next_dose,
        *(day and max(day, today) for day in begin),
        result.standard_to,
        result.latest,
        result.last_start_to_complete,
    )
