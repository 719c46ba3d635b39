"""Which children came to a clinic day: by number, name or birth; each looked at before the shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import reading, transaction
from app.family.queries import children_with_ids
from app.health_center.queries import children_born, children_matching, children_numbered
from app.health_center.search import split_birth_date
from app.immunization import queries
from app.immunization.clinic_day_service import MOST_ROWS
from app.immunization.entry import check_entry, speaks_against
from app.immunization.errors import CopyDiffers
from app.immunization.family_copies import settle
from app.immunization.family_copy_queries import copies_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.entry import DoseEntry
    from app.immunization.models import Dose
    from app.immunization.preshot import PreShot
    from app.immunization.results import GivenDose

MOST_SEARCHES = 60


@dataclass(frozen=True)
class Wanted:
    """What the desk asked for; children of all lines and of the birth days together."""

    lines: tuple[str, ...]
    born_from: date | None = None
    born_until: date | None = None
    due_only: bool = False


@dataclass(frozen=True)
class Candidate:
    """A child of the list; ``check`` is None where the day lies before the birth.

    ``copy``: the family's own entry that recording this dose confirms. ``differs``: one that is
    nearly the same; until that is decided, the check counts it as a dose given.
    """

    child: Child
    check: PreShot | None
    copy: Dose | None = None
    differs: CopyDiffers | None = None

    @property
    def is_clear(self) -> bool:
        """Nothing speaks against the shot."""
        return self.check is not None and not speaks_against(self.check)


@dataclass(frozen=True)
class Unclear:
    """A line that did not name exactly one child, and how many it named."""

    line: str
    found: int


@dataclass(frozen=True)
class Selection:
    """The list; ``cut``: more children than one entry takes."""

    candidates: tuple[Candidate, ...]
    unclear: tuple[Unclear, ...] = ()
    cut: bool = False


def choose(actor: Actor, wanted: Wanted, entry: DoseEntry) -> Selection:
    """The children asked for, each with the look before the shot."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        named, unclear = _by_lines(session, actor, wanted.lines)
        if wanted.born_from or wanted.born_until:
            born = children_born(actor, wanted.born_from, wanted.born_until).limit(MOST_ROWS + 1)
            named |= {child.id: child for child in session.scalars(born).unique()}
        candidates = _looked_at(session, actor, named.values(), entry)
    if wanted.due_only:
        candidates = [one for one in candidates if one.is_clear or one.differs]
    with transaction() as session:
        entity, detail = chain.Entity("children"), {"found": len(candidates)}
        chain.record(session, actor, Action.CHILDREN_SEARCHED, entity, detail=detail)
    return Selection(tuple(candidates[:MOST_ROWS]), unclear, len(candidates) > MOST_ROWS)


def look_again(actor: Actor, child_ids: Iterable[UUID], entry: DoseEntry) -> Selection:
    """The same list again, after something on it was to be corrected."""
    authorize(actor, Permission.CHILD_SEARCH)
    ids = list(child_ids)
    with reading() as session:
        children = children_with_ids(session, actor, ids)
        return Selection(tuple(_looked_at(session, actor, (children[i] for i in ids), entry)))


def _by_lines(
    session: Session, actor: Actor, lines: tuple[str, ...]
) -> tuple[dict[UUID, Child], tuple[Unclear, ...]]:
    numbered = session.scalars(children_numbered(actor, lines)).unique()
    by_number = {child.handbook_number.casefold(): child for child in numbered}
    named: dict[UUID, Child] = {}
    unclear: list[Unclear] = []
    searches = 0
    for line in lines:
        child = by_number.get(line.casefold())
        found = [child] if child else []
        if child is None and searches < MOST_SEARCHES:
            searches += 1
            words, born_on = split_birth_date(line)
            found = list(session.scalars(children_matching(actor, words, born_on)).unique())
        if len(found) == 1:
            named[found[0].id] = found[0]
        else:
            unclear.append(Unclear(line, len(found)))
    return named, tuple(unclear)


def _looked_at(
    session: Session, actor: Actor, children: Iterable[Child], entry: DoseEntry
) -> list[Candidate]:
    listed = list(children)
    ids = [child.id for child in listed]
    given, copies = queries.given_to(session, actor, ids), copies_of(session, actor, ids)
    return [_look_at(child, entry, given[child.id], copies[child.id]) for child in listed]


def _look_at(
    child: Child, entry: DoseEntry, given: Sequence[GivenDose], copies: Sequence[Dose]
) -> Candidate:
    if entry.given_on < child.person.born_on:
        return Candidate(child, None)
    try:
        settled = settle(entry, given, copies)
    except CopyDiffers as differs:
        check = check_entry(child, entry, given, queries.given_doses(copies))
        return Candidate(child, check, differs=differs)
    check = check_entry(child, entry, settled.earlier, settled.unconfirmed)
    return Candidate(child, check, settled.copy)
