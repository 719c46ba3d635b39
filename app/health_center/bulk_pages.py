"""What an entry of many doses shows afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.authz.policy import Permission, authorize
from app.core.db import reading
from app.family.queries import children_with_ids
from app.immunization import import_queries, queries, undo_queries
from app.immunization.models import BulkEntry, Deferral, Dose

if TYPE_CHECKING:
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.models import VaccineLot

RECENT = 10
LOTS = 20
SHOWN = 500
"""A clinic day is shown whole, an import's beginning."""


@dataclass(frozen=True)
class BulkRow:
    """One child of the entry: the dose as it was recorded, or the shot that was put off."""

    child: Child
    dose: Dose | None
    deferral: Deferral | None

    @property
    def confirms(self) -> bool:
        """The family had copied this dose from its book; now it is confirmed."""
        return self.dose is not None and self.dose.version > 1


@dataclass(frozen=True)
class BulkPage:
    """One entry of many doses; ``more``: ``rows`` was cut.

    ``confirmed``: how many entries of families were; ``to_undo``: how many doses still stand.
    """

    bulk: BulkEntry
    rows: tuple[BulkRow, ...]
    more: bool
    confirmed: int
    to_undo: int


@dataclass(frozen=True)
class RecentPage:
    """The entries made last, and the lots used last."""

    entries: tuple[BulkEntry, ...]
    lots: tuple[VaccineLot, ...]


def recent(actor: Actor) -> RecentPage:
    """What was entered here last."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        entries = session.scalars(queries.bulk_entries_visible_to(actor).limit(RECENT))
        lots = session.scalars(queries.lots_visible_to(actor).limit(LOTS))
        return RecentPage(tuple(entries), tuple(lots))


def bulk(actor: Actor, entry_id: UUID) -> BulkPage:
    """One entry, row by row, as it was recorded."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        found = queries.bulk_entry(session, actor, entry_id)
        recorded = import_queries.recorded_by(actor, found).limit(SHOWN + 1)
        doses = session.scalars(recorded).all()
        confirmed = import_queries.count_confirmed(session, actor, found)
        to_undo = undo_queries.count_to_undo(session, actor, found)
        put_off = session.scalars(
            queries.deferrals_visible_to(actor).where(Deferral.bulk_entry_id == found.id)
        ).all()
        ids = {dose.child_id for dose in doses} | {shot.child_id for shot in put_off}
        children = children_with_ids(session, actor, ids)
    rows = [BulkRow(children[dose.child_id], dose, None) for dose in doses[:SHOWN]]
    rows += [BulkRow(children[shot.child_id], None, shot) for shot in put_off]
    ordered = tuple(sorted(rows, key=lambda row: row.child.person.kana))
    return BulkPage(found, ordered, len(doses) > SHOWN, confirmed, to_undo)
