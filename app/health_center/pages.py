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
from app.record.pages import VaccinationPage, vaccination_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child

BIRTH_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})")


@dataclass(frozen=True)
class SearchPage:
    """Answer to a search; ``more`` says that the list was cut."""

    words: str
    children: Sequence[Child]
    more: bool


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


def child(actor: Actor, child_id: UUID) -> VaccinationPage:
    """One child at the desk: for staff, not for the child's own family."""
    authorize(actor, Permission.CHILD_SEARCH)
    return vaccination_page(actor, child_id)


def _split(typed: str) -> tuple[str, date | None]:
    found = BIRTH_DATE.search(typed)
    if not found:
        return typed, None
    try:
        born_on = date(*(int(part) for part in found.groups()))
    except ValueError:
        return typed, None
    return (typed[: found.start()] + typed[found.end() :]).strip(), born_on
