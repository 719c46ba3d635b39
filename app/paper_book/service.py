"""Use cases of the paper book: copy a dose, correct it, take it back; staff confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.core.provenance import Source
from app.family.queries import visible_child
from app.immunization import queries as immunization
from app.immunization import worklist
from app.immunization.entry import (
    DoseEntry,
    check_entry,
    dose_of,
    require_possible,
    speaks_against,
)
from app.immunization.standing import AT_EASE
from app.immunization.standing_queries import read_standings
from app.immunization.versions import next_version
from app.paper_book import queries
from app.paper_book.errors import LooksUnusual, NotOwnEntry, PhotoNotFound
from app.paper_book.models import Attachment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.family.models import Child
    from app.immunization.models import Dose


@dataclass(frozen=True, repr=False)
class Copied:
    """A dose as it stands in the paper book. ``photo``: a clean JPEG; ``certain``: looked twice."""

    entry: DoseEntry
    photo: bytes | None = None
    certain: bool = False


def enter_dose(actor: Actor, child_id: UUID, copied: Copied, sealer: Sealer) -> Dose:
    """Copy a dose into the record as the family's own entry.

    Raises ``LooksUnusual`` once where the schedule speaks against it, and what
    ``require_possible`` raises: nothing that staff recorded is ever replaced.
    """
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.OWN_DOSE_WRITE, child)
        doses = immunization.doses_of(session, actor, child)
        _require_plausible(session, actor, child, copied, doses)
        dose = dose_of(actor, child, copied.entry, Source.GUARDIAN)
        dose.organisation_id = None
        session.add(dose)
        _attach(session, actor, dose, copied, sealer)
        _finish(session, actor, Action.OWN_DOSE_ENTERED, dose, child)
        return dose


def correct_dose(
    actor: Actor, child_id: UUID, dose_id: UUID, copied: Copied, sealer: Sealer
) -> Dose:
    """Write the next version of an own entry. Raises ``NotOwnEntry`` for any other."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.OWN_DOSE_WRITE, child)
        dose = _own(session, actor, child, dose_id)
        doses = immunization.doses_of(session, actor, child)
        others = [one for one in doses if one.id != dose.id]
        _require_plausible(session, actor, child, copied, others)
        row = next_version(session, actor, dose, reason=None, entry=copied.entry)
        row.source = Source.GUARDIAN
        _attach(session, actor, row, copied, sealer)
        _finish(session, actor, Action.OWN_DOSE_CORRECTED, row, child)
        return row


def withdraw_dose(actor: Actor, child_id: UUID, dose_id: UUID) -> None:
    """Take an own entry back; its photo is destroyed. Raises ``NotOwnEntry`` for any other."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.OWN_DOSE_WRITE, child)
        dose = _own(session, actor, child, dose_id)
        row = next_version(session, actor, dose, reason=None, voided=True)
        row.source = Source.GUARDIAN
        _remove_photo(session, actor, dose)
        _finish(session, actor, Action.OWN_DOSE_WITHDRAWN, row, child)


def confirm_dose(actor: Actor, child_id: UUID, dose_id: UUID) -> Dose:
    """Staff compared the entry with the book: the next version carries their seal."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.DOSE_RECORD, child)
        dose = _own(session, actor, child, dose_id)
        row = next_version(session, actor, dose, reason=dose.reason)
        row.organisation_id = child.municipality_id
        _finish(session, actor, Action.OWN_DOSE_CONFIRMED, row, child)
        return row


def open_photo(actor: Actor, child_id: UUID, photo_id: UUID, sealer: Sealer) -> bytes:
    """The JPEG, to guardians and to staff of the child's municipality."""
    with transaction() as session:
        child = visible_child(session, actor, child_id)
        authorize(actor, Permission.CHILD_READ, child)
        photo = session.scalar(
            queries.photos_visible_to(actor).where(
                Attachment.id == photo_id, Attachment.child_id == child.id
            )
        )
        if photo is None:
            raise PhotoNotFound(str(photo_id))
        entity = chain.Entity("attachment", photo.id, child.person_id)
        chain.record(session, actor, Action.PHOTO_OPENED, entity)
        return sealer.open(photo.sealed_image, context=_context(photo.id))


def _require_plausible(
    session: Session, actor: Actor, child: Child, copied: Copied, others: Sequence[Dose]
) -> None:
    """In silence only what is impossible is refused: no day is named to the family."""
    given = immunization.given_doses(others)
    require_possible(child, copied.entry, given)
    standing = read_standings(session, [child.id], actor.today).get(child.id, AT_EASE)
    if copied.certain or standing.silence is not None:
        return
    check = check_entry(child, copied.entry, given)
    if speaks_against(check):
        raise LooksUnusual(check)


def _own(session: Session, actor: Actor, child: Child, dose_id: UUID) -> Dose:
    dose = immunization.current_dose(session, actor, child, dose_id)
    if dose.source is not Source.GUARDIAN:
        raise NotOwnEntry(str(dose_id))
    return dose


def _attach(session: Session, actor: Actor, dose: Dose, copied: Copied, sealer: Sealer) -> None:
    if copied.photo is None:
        return
    _remove_photo(session, actor, dose)
    photo_id = new_id()
    session.add(
        Attachment(
            id=photo_id,
            child_id=dose.child_id,
            lineage_id=dose.lineage_id,
            sealed_image=sealer.seal(copied.photo, context=_context(photo_id)),
            added_at=clock.now(),
            added_by=actor.account_id,
        )
    )


def _remove_photo(session: Session, actor: Actor, dose: Dose) -> None:
    photos = queries.photos_visible_to(actor).where(Attachment.lineage_id == dose.lineage_id)
    for photo in session.scalars(photos):
        photo.removed_at, photo.sealed_image = clock.now(), b""


def _context(photo_id: UUID) -> str:
    return f"paper_book.photo:{photo_id}"


def _finish(session: Session, actor: Actor, action: Action, dose: Dose, child: Child) -> None:
    session.flush()
    worklist.refresh(session, [child], actor.today)
    chain.record(session, actor, action, chain.Entity("dose", dose.id, child.person_id))
