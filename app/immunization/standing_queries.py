"""What a family's situation asks for, read for many children at once.

For callers that were shown these children, and for the nightly round.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Select, or_, select, union_all

from app.family.models import Child
from app.family.standing import QuietPeriod, Residence
from app.immunization.objections import Contraindication, Refusal
from app.immunization.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

Which: TypeAlias = "Select[UUID] | Collection[UUID]"
"""Children: by a select of their ids, or by a handful of ids."""


def read_standings(session: Session, which: Which, day: date) -> dict[UUID, Standing]:
    """The standing of those children about whom anything is on record."""
    quiet = set(quiet_children(session, which, day))
    moved = _moved_out(residences(session, which), day)
    unwanted: dict[UUID, set[str]] = defaultdict(set)
    for child_id, group in objections(session, which, day):
        unwanted[child_id].add(group)
    return {
        child_id: Standing(
            child_id in quiet, child_id in moved, frozenset(unwanted.get(child_id, ()))
        )
        for child_id in quiet | moved | unwanted.keys()
    }


def _moved_out(rows: Iterable[tuple[UUID, date, date | None]], day: date) -> set[UUID]:
    """Children who have lived here and do not today."""
    known, here = set(), set()
    for child_id, from_on, until_on in rows:
        known.add(child_id)
        if from_on <= day and (until_on is None or day <= until_on):
            here.add(child_id)
    return known - here


def quiet_children(session: Session, which: Which, day: date) -> Iterable[UUID]:
    """Children of whom nobody writes on this day."""
    return session.scalars(
        select(QuietPeriod.child_id).where(
            QuietPeriod.child_id.in_(which), _holds(QuietPeriod.from_on, QuietPeriod.until_on, day)
        )
    )


def residences(session: Session, which: Which) -> Iterable[tuple[UUID, date, date | None]]:
    """Times during which children lived in the municipality that keeps their handbook."""
    return session.execute(
        select(Residence.child_id, Residence.from_on, Residence.until_on)
        .join(Child, Child.id == Residence.child_id)
        .where(Residence.child_id.in_(which), Residence.municipality_id == Child.municipality_id)
    )


def objections(session: Session, which: Which, day: date) -> Iterable[tuple[UUID, str]]:
    """Vaccines not to speak of: child, vaccine."""
    rows = [
        select(table.child_id, table.group).where(
            table.child_id.in_(which), _holds(table.from_on, table.until_on, day)
        )
        for table in (Refusal, Contraindication)
    ]
    return session.execute(union_all(*rows))


def _holds(
    from_on: InstrumentedAttribute[date], until_on: InstrumentedAttribute[date | None], day: date
) -> ColumnElement[bool]:
    return (from_on <= day) & or_(until_on.is_(None), until_on >= day)
