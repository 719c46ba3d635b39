"""What the pages of the paper book show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.authz.policy import Permission, authorize
from app.core.db import reading
from app.core.provenance import Source
from app.family.queries import visible_child
from app.immunization.queries import current_dose
from app.paper_book.errors import NotOwnEntry
from app.paper_book.queries import photos_of

if TYPE_CHECKING:
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.models import Dose


@dataclass(frozen=True)
class EntryPage:
    """One child, and the own entry that is corrected, with its photo if there is one."""

    child: Child
    dose: Dose | None = None
    photo_id: UUID | None = None


def new_entry(actor: Actor, child_id: UUID) -> EntryPage:
    """For copying another dose."""
    with reading() as session:
        child = visible_child(session, actor, child_id)
        authorize(actor, Permission.OWN_DOSE_WRITE, child)
        return EntryPage(child)


def own_entry(actor: Actor, child_id: UUID, dose_id: UUID) -> EntryPage:
    """For correcting an own entry. Raises ``NotOwnEntry``, ``DoseNotFound``."""
    with reading() as session:
        child = visible_child(session, actor, child_id)
        authorize(actor, Permission.OWN_DOSE_WRITE, child)
        dose = current_dose(session, actor, child, dose_id)
        if dose.source is not Source.GUARDIAN:
            raise NotOwnEntry(str(dose_id))
        return EntryPage(child, dose, photos_of(session, actor, child).get(dose.lineage_id))
