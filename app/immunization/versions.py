"""A correction is the next version of a dose; nothing is overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.ids import new_id
from app.core.provenance import Source
from app.immunization.errors import CorrectionReasonNeeded
from app.immunization.models import Dose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.entry import DoseEntry


def required_reason(reason: str | None) -> str:
    """The reason for a correction. Raises ``CorrectionReasonNeeded``."""
    if not (reason or "").strip():
        raise CorrectionReasonNeeded("a reason is needed")
    return str(reason).strip()


def next_version(
    session: Session,
    actor: Actor,
    dose: Dose,
    *,
    reason: str | None,
    entry: DoseEntry | None = None,
    voided: bool = False,
) -> Dose:
    """Replace the current version: by corrected values, or by one that takes the dose back."""
    now = clock.now()
    dose.superseded_at = now
    row = Dose(
        id=new_id(),
        lineage_id=dose.lineage_id,
        version=dose.version + 1,
        child_id=dose.child_id,
        product=entry.product if entry else dose.product,
        given_on=entry.given_on if entry else dose.given_on,
        lot=entry.lot if entry else dose.lot,
        facility=entry.facility if entry else dose.facility,
        reason=reason,
        source=Source.HEALTH_CENTER,
        recorded_at=now,
        recorded_by=actor.account_id,
        organisation_id=dose.organisation_id,
        bulk_entry_id=dose.bulk_entry_id,
        voided=voided,
    )
    session.add(row)
    return row


def restore(row: Dose, former: Dose) -> None:
    """Let the newest version say again what a former one said, in the name of who wrote that."""
    for name in ("product", "given_on", "lot", "facility", "source", "recorded_by"):
        setattr(row, name, getattr(former, name))
    row.organisation_id, row.bulk_entry_id = former.organisation_id, former.bulk_entry_id
    row.voided = False
