"""Use cases that change the record of doses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import transaction
from app.core.provenance import Source
from app.family.queries import visible_child
from app.immunization import incident_drafts, lots, queries, worklist
from app.immunization.entry import (
    DoseEntry,
    check_entry,
    settle_entry,
    speaks_against,
    write_settled,
)
from app.immunization.errors import ReasonNeeded
from app.immunization.family_copies import copies_among

if TYPE_CHECKING:
    from uuid import UUID

    from app.authz.actor import Actor
    from app.immunization.models import Dose

__all__ = ["DoseEntry", "record_dose"]


def record_dose(actor: Actor, child_id: UUID, entry: DoseEntry) -> Dose:
    """Add one administered dose to the child's record, whatever its verdict.

    What the family copied from its book for the same day becomes the former version of it; raises
    ``CopyDiffers`` where that is nearly the same and the entry does not say what it is.

    A dose the schedule speaks against, or of a lot past its last day, is recorded too, with the
    reason: raises ``ReasonNeeded`` without one. A report (間違い接種) is begun about it.
    """
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.DOSE_RECORD, child)
        doses = queries.doses_of(session, actor, child)
        settled = settle_entry(child, entry, queries.given_doses(doses), copies_among(doses))
        check = check_entry(child, settled.entry, settled.earlier, settled.unconfirmed)
        expired = lots.expired_on(session, actor, child.municipality_id, settled.entry)
        if (speaks_against(check) or expired) and not entry.reason:
            raise ReasonNeeded(check, lot_expired_on=expired)
        dose = write_settled(session, actor, child, settled, Source.HEALTH_CENTER)
        lots.remember(session, actor, child.municipality_id, settled.entry)
        worklist.refresh(session, [child], actor.today)
        entity = chain.Entity("dose", dose.id, child.person_id)
        chain.record(session, actor, Action.DOSE_RECORDED, entity)
        if speaks_against(check) or expired:
            incident_drafts.begin(session, actor, child, dose.lineage_id)
        return dose
