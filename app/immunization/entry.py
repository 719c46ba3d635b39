"""A dose as somebody typed it: what makes it impossible, what the schedule says, its row.

Shared by every way in: one child, a clinic day, an import, a correction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import clock
from app.core.ids import new_id
from app.immunization import queries
from app.immunization.errors import (
    AlreadyRecorded,
    DoseBeforeBirth,
    DoseInFuture,
    UnknownProduct,
)
from app.immunization.family_copies import settle
from app.immunization.models import Dose
from app.immunization.preshot import PreShot, check_before_shot
from app.immunization.schedule import load_schedule
from app.immunization.versions import next_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.core.provenance import Source
    from app.family.models import Child
    from app.immunization.family_copies import AboutCopy, Settled
    from app.immunization.results import GivenDose


@dataclass(frozen=True)
class DoseEntry:
    """One administered dose as somebody typed it. ``gtin`` and ``expires_on`` stood on the box.

    ``about_copy``: what staff say where the family's own entry is nearly the same.
    """

    product: str
    given_on: date
    lot: str | None = None
    facility: str | None = None
    reason: str | None = None
    expires_on: date | None = None
    gtin: str | None = None
    about_copy: AboutCopy | None = None


def require_possible(child: Child, entry: DoseEntry, earlier: Sequence[GivenDose]) -> None:
    """Raises ``UnknownProduct``, ``DoseInFuture``, ``DoseBeforeBirth``, ``AlreadyRecorded``."""
    if entry.product not in load_schedule().products:
        raise UnknownProduct(entry.product)
    if entry.given_on > clock.today():
        raise DoseInFuture(entry.given_on)
    if entry.given_on < child.person.born_on:
        raise DoseBeforeBirth(entry.given_on)
    if (entry.product, entry.given_on) in earlier:
        raise AlreadyRecorded("same vaccine on the same day")


def settle_entry(
    child: Child, entry: DoseEntry, given: Sequence[GivenDose], copies: Sequence[Dose]
) -> Settled:
    """What staff's entry comes to, the family's own entries being known.

    Raises ``CopyDiffers`` and what ``require_possible`` raises.
    """
    require_possible(child, entry, ())
    settled = settle(entry, given, copies)
    require_possible(child, settled.entry, settled.earlier)
    return settled


def check_entry(
    child: Child,
    entry: DoseEntry,
    earlier: Sequence[GivenDose],
    unconfirmed: Sequence[GivenDose] = (),
) -> PreShot:
    """What the schedule says to this dose, the others of the child being known.

    ``unconfirmed``: those of the others that only the family has written.
    """
    return check_before_shot(
        load_schedule(),
        born_on=child.person.born_on,
        sex=queries.schedule_sex(child),
        given=earlier,
        product=entry.product,
        on=entry.given_on,
        unconfirmed=unconfirmed,
    )


def speaks_against(check: PreShot) -> bool:
    """Whether whoever records this dose states a reason; a voluntary vaccine alone needs none."""
    voluntary = check.verdict is None and load_schedule().products[check.product].voluntary
    return not check.is_clear and not voluntary


def dose_of(
    actor: Actor, child: Child, entry: DoseEntry, source: Source, *, bulk: UUID | None = None
) -> Dose:
    """The first version of a new dose, written in the name of the child's municipality."""
    dose_id = new_id()
    return Dose(
        id=dose_id,
        lineage_id=dose_id,
        version=1,
        child_id=child.id,
        product=entry.product,
        given_on=entry.given_on,
        lot=entry.lot,
        facility=entry.facility,
        reason=entry.reason,
        source=source,
        recorded_at=clock.now(),
        recorded_by=actor.account_id,
        organisation_id=child.municipality_id,
        bulk_entry_id=bulk,
        voided=False,
    )


def write_settled(
    session: Session,
    actor: Actor,
    child: Child,
    settled: Settled,
    source: Source,
    *,
    bulk: UUID | None = None,
) -> Dose:
    """Add the dose, or the next version of the family's entry that it confirms."""
    if settled.copy is None:
        dose = dose_of(actor, child, settled.entry, source, bulk=bulk)
        session.add(dose)
        return dose
    entry = settled.entry
    dose = next_version(session, actor, settled.copy, reason=entry.reason, entry=entry)
    dose.source, dose.organisation_id, dose.bulk_entry_id = source, child.municipality_id, bulk
    return dose
