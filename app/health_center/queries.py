"""Searches of the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, or_

from app.family.models import Child
from app.family.queries import children_visible_to
from app.identity.models import Person

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from app.authz.actor import Actor

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


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
