"""The worklist as a table: where each vaccine of each child stands, made anew when a dose changes.

A list of a whole municipality sorted by deadline cannot be evaluated for each view. So the answers
are kept (``VaccineDue``): those of a child change with its doses, those of all children each night.
The table can be thrown away and built again at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import delete, insert

from app.core.db import reading, transaction
from app.immunization import queries
from app.immunization.family_copy_queries import copied_of
from app.immunization.models import VaccineDue
from app.immunization.overview import look_over
from app.immunization.results import Status
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date
    from typing import Any
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.family.models import Child
    from app.immunization.results import GivenDose, GroupResult

Doses: TypeAlias = "tuple[dict[UUID, list[GivenDose]], dict[UUID, list[GivenDose]]]"
LISTED = frozenset(Status) - {Status.NOT_APPLICABLE, Status.NOT_YET, Status.COMPLETE}
PAGE = 1000


def refresh(session: Session, children: Collection[Child], today: date) -> None:
    """Make the rows of these children anew, in the transaction that changed their doses."""
    session.flush()
    _replace(session, children, _doses_of(session, children), today)


def rebuild(today: date) -> int:
    """Make the whole table anew, a thousand children a transaction. How many children."""
    after, done = None, 0
    while children := _page(after):
        with transaction() as session:
            _replace(session, children, _doses_of(session, children), today)
        after, done = children[-1].id, done + len(children)
    return done


def rebuild_if_old(today: date) -> int:
    """The same, when the table is of another day or was never made; 0 when it is of today."""
    with reading() as session:
        oldest = queries.oldest_projection(session)
        known = queries.has_children(session)
    return rebuild(today) if known and oldest != today else 0


def rows_of(
    child: Child, given: Iterable[GivenDose], copies: Iterable[GivenDose], today: date
) -> Iterator[dict[str, Any]]:
    """What a child's vaccines ask for on a day; ``copies``: of ``given``, what nobody confirmed."""
    over = look_over(
        load_schedule(),
        born_on=child.person.born_on,
        sex=queries.schedule_sex(child),
        given=given,
        as_of=today,
        copies=copies,
    )
    for result in over.results.values():
        unconfirmed = result.group in over.resting
        if result.follows is None and _is_listed(result, unconfirmed=unconfirmed):
            yield {
                "child_id": child.id,
                "vaccine": result.group,
                "organisation_id": child.municipality_id,
                "status": result.status,
                "deadline": _deadline(result, today),
                "next_number": result.next_dose_number,
                "unconfirmed": unconfirmed,
                "as_of": today,
            }


def _is_listed(result: GroupResult, *, unconfirmed: bool) -> bool:
    return result.status in LISTED or (unconfirmed and result.status is Status.COMPLETE)


def _deadline(result: GroupResult, today: date) -> date:
    last = result.last_start_to_complete
    if last is not None and last >= today:
        return last
    if result.latest is not None:
        return result.latest
    return result.doses[-1].date if result.doses else today


def _page(after: UUID | None) -> Sequence[Child]:
    with reading() as session:
        return queries.children_after(session, after, PAGE)


def _doses_of(session: Session, children: Collection[Child]) -> Doses:
    ids = [child.id for child in children]
    return queries.given_of(session, ids), copied_of(session, ids)


def _replace(session: Session, children: Collection[Child], doses: Doses, today: date) -> None:
    given, copies = doses
    rows = [
        row
        for child in children
        if child.person.born_on <= today
        for row in rows_of(child, given[child.id], copies.get(child.id, ()), today)
    ]
    session.execute(
        delete(VaccineDue).where(VaccineDue.child_id.in_([child.id for child in children]))
    )
    if rows:
        session.execute(insert(VaccineDue), rows)
