"""Searches of the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, Select, Uuid, case, func, literal, or_, tuple_
from sqlalchemy.orm import lazyload

from app.family.models import Child
from app.family.queries import children_visible_to
from app.health_center.worklist_filter import SOON, STATUSES, Tab
from app.identity.models import Person
from app.immunization.models import VaccineDue
from app.immunization.queries import due_visible_to

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.health_center.worklist_filter import Filter

LIMIT = 50


def children_matching(actor: Actor, words: str, born_on: date | None) -> Select[Child]:
    """Children by name, reading or handbook number (all words must match), or by birth date."""
    query = children_visible_to(actor).join(Person, Person.id == Child.person_id)
    for word in words.split():
        pattern = f"%{_escaped(word)}%"
        columns = (
            Person.family_name,
            Person.given_name,
            Person.family_kana,
            Person.given_kana,
            Child.handbook_number,
        )
        query = query.where(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    if born_on is not None:
        query = query.where(Person.born_on == born_on)
    return query.order_by(Person.family_kana, Person.born_on.desc()).limit(LIMIT)


def children_numbered(actor: Actor, numbers: Collection[str]) -> Select[Child]:
    """Children by their whole handbook number, whatever its case."""
    wanted = [number.lower() for number in numbers]
    return children_visible_to(actor).where(func.lower(Child.handbook_number).in_(wanted))


def children_born(actor: Actor, first: date | None, last: date | None) -> Select[Child]:
    """Children born between two days, both inclusive, the oldest first."""
    query = children_visible_to(actor).join(Person, Person.id == Child.person_id)
    if first is not None:
        query = query.where(Person.born_on >= first)
    if last is not None:
        query = query.where(Person.born_on <= last)
    return query.order_by(Person.born_on, Person.family_kana, Child.id)


def waiting(actor: Actor, wanted: Filter, today: date) -> Select[VaccineDue, Child]:
    """The rows of one list with their children, the nearest deadline first."""
    query = _narrowed(due_visible_to(actor), wanted).where(
        VaccineDue.status.in_(STATUSES[wanted.tab])
    )
    if wanted.tab is Tab.SOON:
        query = query.where(VaccineDue.deadline.between(today, today + SOON))
    if wanted.after is not None:
        key = tuple_(VaccineDue.deadline, VaccineDue.child_id, VaccineDue.vaccine)
        after = wanted.after
        query = query.where(
            key
            > tuple_(
                literal(after.deadline, Date()),
                literal(after.child_id, Uuid()),
                literal(after.vaccine),
            )
        )
    return query.add_columns(Child).options(lazyload(Child.guardianships))


def count_waiting(session: Session, actor: Actor, wanted: Filter, today: date) -> dict[Tab, int]:
    """How many rows stand on each list under the same filters."""
    scope = _narrowed(due_visible_to(actor), wanted).order_by(None)
    soon = VaccineDue.deadline.between(today, today + SOON)
    by_status = scope.with_only_columns(
        VaccineDue.status, func.count(), func.count(case((soon, 1)))
    ).group_by(VaccineDue.status)
    rows = {status: (every, near) for status, every, near in session.execute(by_status)}
    counts = {}
    for tab, statuses in STATUSES.items():
        found = [rows.get(status, (0, 0)) for status in statuses]
        counts[tab] = sum(near if tab is Tab.SOON else every for every, near in found)
    return counts


def _narrowed(query: Select[VaccineDue], wanted: Filter) -> Select[VaccineDue]:
    query = query.join(Child, Child.id == VaccineDue.child_id)
    query = query.where(Child.municipality_id == VaccineDue.organisation_id)
    if wanted.vaccine is not None:
        query = query.where(VaccineDue.vaccine == wanted.vaccine)
    if wanted.organisation_id is not None:
        query = query.where(VaccineDue.organisation_id == wanted.organisation_id)
    if wanted.district is not None:
        query = query.where(Child.district == wanted.district)
    if wanted.unconfirmed:
        query = query.where(VaccineDue.unconfirmed)
    if wanted.born is not None:
        query = query.join(Person, Person.id == Child.person_id)
        query = query.where(Person.born_on.between(*wanted.born))
    return query


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
