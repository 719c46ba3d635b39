"""The lots a health center uses: remembered as they are recorded, typed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.ids import new_id
from app.immunization import queries
from app.immunization.family_copies import AboutCopy
from app.immunization.models import VaccineLot

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.entry import DoseEntry


def expired_on(
    session: Session, actor: Actor, organisation_id: UUID, entry: DoseEntry
) -> date | None:
    """The last day of use of the entry's lot, if the dose was given after it."""
    last = entry.expires_on
    if last is None and entry.lot is not None:
        known = queries.lot_named(session, actor, organisation_id, entry.product, entry.lot)
        last = known.expires_on if known else None
    return last if last is not None and last < entry.given_on else None


def remember(session: Session, actor: Actor, organisation_id: UUID, entry: DoseEntry) -> None:
    """Put the lot at the head of the list; what its box said is kept.

    A lot that only the family's book names is none of the health center's.
    """
    if entry.lot is None or entry.about_copy is AboutCopy.KEEP:
        return
    known = queries.lot_named(session, actor, organisation_id, entry.product, entry.lot)
    row = known or VaccineLot(
        id=new_id(),
        organisation_id=organisation_id,
        product=entry.product,
        lot=entry.lot,
        used_on=entry.given_on,
    )
    row.used_on = max(row.used_on, entry.given_on)
    row.gtin = entry.gtin or row.gtin
    row.expires_on = entry.expires_on or row.expires_on
    session.add(row)
