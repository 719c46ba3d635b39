"""What the staff desk shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import reading, transaction
from app.health_center.queries import LIMIT, children_matching
from app.immunization.queries import lots_visible_to, product_with_gtin
from app.record.pages import VaccinationPage, vaccination_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.health_center.barcode import Scanned
    from app.immunization.models import VaccineLot

LOTS = 20
BIRTH_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})")


@dataclass(frozen=True)
class SearchPage:
    """Answer to a search; ``more`` says that the list was cut."""

    words: str
    children: Sequence[Child]
    more: bool


@dataclass(frozen=True)
class ChildDesk:
    """A child's record with what the desk needs beside it: the lots used last."""

    record: VaccinationPage
    lots: tuple[VaccineLot, ...]


def search(actor: Actor, typed: str) -> SearchPage:
    """Children of the municipality by name, reading, number or birth date (20260401)."""
    authorize(actor, Permission.CHILD_SEARCH)
    words, born_on = _split(typed)
    with reading() as session:
        children = session.scalars(children_matching(actor, words, born_on)).unique().all()
    if typed:
        with transaction() as session:
            entity = chain.Entity("children")
            detail = {"found": len(children)}
            chain.record(session, actor, Action.CHILDREN_SEARCHED, entity, detail=detail)
    return SearchPage(typed, children, len(children) == LIMIT)


def child(actor: Actor, child_id: UUID) -> ChildDesk:
    """One child at the desk: for staff, not for the child's own family."""
    authorize(actor, Permission.CHILD_SEARCH)
    record = vaccination_page(actor, child_id)
    with reading() as session:
        return ChildDesk(record, tuple(session.scalars(lots_visible_to(actor).limit(LOTS))))


def product_of_box(actor: Actor, box: Scanned) -> str | None:
    """The vaccine in a box, by what was recorded here under its product number before."""
    authorize(actor, Permission.CHILD_SEARCH)
    if box.gtin is None:
        return None
    with reading() as session:
        return product_with_gtin(session, actor, box.gtin)


def _split(typed: str) -> tuple[str, date | None]:
    found = BIRTH_DATE.search(typed)
    if not found:
        return typed, None
    try:
        born_on = date(*(int(part) for part in found.groups()))
    except ValueError:
        return typed, None
    return (typed[: found.start()] + typed[found.end() :]).strip(), born_on
