"""Reads of what families copied and nobody confirmed, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core.provenance import Source
from app.immunization.models import Dose
from app.immunization.queries import doses_visible_to, versions_visible_to
from app.immunization.results import GivenDose

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.models import BulkEntry


def copies_of(
    session: Session, actor: Actor, child_ids: Collection[UUID]
) -> dict[UUID, list[Dose]]:
    """Unconfirmed entries of the families of many children; every child has its list."""
    found: dict[UUID, list[Dose]] = {child_id: [] for child_id in child_ids}
    copies = doses_visible_to(actor).where(
        Dose.child_id.in_(child_ids), Dose.source == Source.GUARDIAN
    )
    for copy in session.scalars(copies):
        found[copy.child_id].append(copy)
    return found


def copied_of(session: Session, child_ids: Collection[UUID]) -> dict[UUID, list[GivenDose]]:
    """The same as the engine reads them, of those children who have any; for a job."""
    found: dict[UUID, list[GivenDose]] = {}
    rows = session.execute(
        select(Dose.child_id, Dose.product, Dose.given_on).where(
            Dose.child_id.in_(child_ids),
            Dose.superseded_at.is_(None),
            Dose.voided.is_(False),
            Dose.source == Source.GUARDIAN,
        )
    )
    for child_id, product, given_on in rows:
        found.setdefault(child_id, []).append(GivenDose(product, given_on))
    return found


def copies_confirmed_by(
    session: Session, actor: Actor, bulk: BulkEntry, child_ids: Collection[UUID]
) -> dict[UUID, Dose]:
    """What these children's families had written where this entry confirmed it, by lineage."""
    confirming = versions_visible_to(actor).where(
        Dose.bulk_entry_id == bulk.id,
        Dose.superseded_at.is_(None),
        Dose.child_id.in_(child_ids),
    )
    lineages = confirming.order_by(None).with_only_columns(Dose.lineage_id).correlate(None)
    copies = versions_visible_to(actor).where(
        Dose.lineage_id.in_(lineages), Dose.source == Source.GUARDIAN, Dose.voided.is_(False)
    )
    return {
        copy.lineage_id: copy
        for copy in session.scalars(copies.order_by(None).order_by(Dose.version))
    }
