"""Reads of what an entry of many doses brought and still stands, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func
from sqlalchemy.orm import lazyload

from app.family.models import Child
from app.family.queries import children_visible_to
from app.immunization.models import Dose
from app.immunization.queries import doses_visible_to

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.models import BulkEntry


def doses_to_undo(actor: Actor, bulk: BulkEntry) -> Select[Dose]:
    """Current doses that an entry brought."""
    return doses_visible_to(actor).where(Dose.bulk_entry_id == bulk.id).order_by(None)


def count_to_undo(session: Session, actor: Actor, bulk: BulkEntry) -> int:
    """How many of them there are."""
    left = doses_to_undo(actor, bulk).with_only_columns(func.count(Dose.id))
    return session.execute(left).scalar_one()


def children_to_undo(
    session: Session, actor: Actor, bulk: BulkEntry, limit: int
) -> Sequence[Child]:
    """The next children who have some, by id; ours until the transaction ends."""
    ids = doses_to_undo(actor, bulk).with_only_columns(Dose.child_id).correlate(None)
    query = children_visible_to(actor).options(lazyload(Child.guardianships))
    query = query.where(Child.id.in_(ids)).order_by(None)
    return session.scalars(query.order_by(Child.id).limit(limit).with_for_update(of=Child)).all()


def doses_of_bulk(
    session: Session, actor: Actor, bulk: BulkEntry, child_ids: Collection[UUID]
) -> Sequence[Dose]:
    """Those of some children."""
    return session.scalars(doses_to_undo(actor, bulk).where(Dose.child_id.in_(child_ids))).all()
