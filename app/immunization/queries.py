"""Reads of doses, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import lazyload

from app.authz.actor import Role
from app.family.models import Child
from app.family.queries import children_visible_to, may_be_told_of
from app.identity.models import Person, Sex
from app.immunization.errors import BulkEntryNotFound, DoseNotFound, ImportNotFound
from app.immunization.forecast import evaluate_child
from app.immunization.models import (
    BulkEntry,
    Deferral,
    Dose,
    DoseImport,
    DoseImportPart,
    ImportState,
    VaccineDue,
    VaccineLot,
)
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.results import GroupResult
    from app.immunization.rules import Sex as ScheduleSex

WAITS_FOR_COPY = 0
"""The version of a dose of an import that, published, becomes the next one of a family's entry."""
WAITING = (ImportState.COLUMNS, ImportState.CHECKING, ImportState.READY, ImportState.WRITING)


def doses_visible_to(actor: Actor) -> Select[Dose]:
    """Current doses of children the actor may see, oldest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return (
        select(Dose)
        .where(Dose.child_id.in_(children), Dose.superseded_at.is_(None), Dose.voided.is_(False))
        .order_by(Dose.given_on, Dose.recorded_at)
    )


def doses_of(session: Session, actor: Actor, child: Child) -> Sequence[Dose]:
    """Current doses of one child."""
    return session.scalars(doses_visible_to(actor).where(Dose.child_id == child.id)).all()


def given_to(
    session: Session, actor: Actor, child_ids: Collection[UUID]
) -> dict[UUID, list[GivenDose]]:
    """Current doses of many children, as the engine reads them; every child has its list."""
    found: dict[UUID, list[GivenDose]] = {child_id: [] for child_id in child_ids}
    rows = session.execute(
        doses_visible_to(actor)
        .where(Dose.child_id.in_(child_ids))
        .with_only_columns(Dose.child_id, Dose.product, Dose.given_on)
    )
    for child_id, product, given_on in rows:
        found[child_id].append(GivenDose(product, given_on))
    return found


def given_of(session: Session, child_ids: Collection[UUID]) -> dict[UUID, list[GivenDose]]:
    """The same for a caller that has shown it may know of these children, or for a job."""
    found: dict[UUID, list[GivenDose]] = {child_id: [] for child_id in child_ids}
    rows = session.execute(
        select(Dose.child_id, Dose.product, Dose.given_on).where(
            Dose.child_id.in_(child_ids), Dose.superseded_at.is_(None), Dose.voided.is_(False)
        )
    )
    for child_id, product, given_on in rows:
        found[child_id].append(GivenDose(product, given_on))
    return found


def children_after(session: Session, after: UUID | None, limit: int) -> Sequence[Child]:
    """The next children by id, for a job that goes through all of them."""
    query = select(Child).options(lazyload(Child.guardianships)).order_by(Child.id).limit(limit)
    return session.scalars(query if after is None else query.where(Child.id > after)).all()


def has_children(session: Session) -> bool:
    """Whether there is anybody to make a worklist for."""
    return session.scalar(select(Child.id).limit(1)) is not None


def oldest_projection(session: Session) -> date | None:
    """The day the oldest row of the worklist is of."""
    return session.scalar(select(func.min(VaccineDue.as_of)))


def due_visible_to(actor: Actor) -> Select[VaccineDue]:
    """What waits in the municipalities where the actor works, the nearest deadline first.

    Without the children of whom the actor is told nothing, for all that the desk would show.
    """
    return (
        select(VaccineDue)
        .where(
            VaccineDue.organisation_id.in_(actor.organisations(Role.NURSE)),
            may_be_told_of(actor, VaccineDue.child_id),
        )
        .order_by(VaccineDue.deadline, VaccineDue.child_id, VaccineDue.vaccine)
    )


def versions_visible_to(actor: Actor) -> Select[Dose]:
    """Every version of every dose of children the actor may see, newest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    shown = select(Dose).where(Dose.child_id.in_(children), Dose.version > WAITS_FOR_COPY)
    return shown.order_by(Dose.version.desc())


def withdrawn_from(session: Session, actor: Actor, child: Child) -> Sequence[Dose]:
    """Doses that were taken back, the last one first."""
    return session.scalars(
        versions_visible_to(actor)
        .where(Dose.child_id == child.id, Dose.voided, Dose.superseded_at.is_(None))
        .order_by(None)
        .order_by(Dose.recorded_at.desc())
    ).all()


def current_dose(session: Session, actor: Actor, child: Child, dose_id: UUID) -> Dose:
    """One current dose of one child. Raises ``DoseNotFound``."""
    dose = session.scalar(
        doses_visible_to(actor).where(Dose.child_id == child.id, Dose.id == dose_id)
    )
    if dose is None:
        raise DoseNotFound(str(dose_id))
    return dose


def deferrals_visible_to(actor: Actor) -> Select[Deferral]:
    """Shots put off for children the actor may see, newest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return (
        select(Deferral)
        .where(Deferral.child_id.in_(children))
        .order_by(Deferral.planned_on.desc(), Deferral.id)
    )


def bulk_entries_visible_to(actor: Actor) -> Select[BulkEntry]:
    """Entries of many doses at the health centers where the actor works, newest first.

    An import that is not published yet, or never was, is none of them.
    """
    unpublished = select(DoseImport.bulk_entry_id).where(
        DoseImport.bulk_entry_id == BulkEntry.id,
        DoseImport.state.in_((ImportState.WRITING, ImportState.DISCARDED)),
    )
    return (
        select(BulkEntry)
        .where(
            BulkEntry.organisation_id.in_(actor.organisations(Role.NURSE)),
            ~unpublished.exists(),
        )
        .order_by(BulkEntry.recorded_at.desc())
    )


def bulk_entry(
    session: Session, actor: Actor, entry_id: UUID, *, to_change: bool = False
) -> BulkEntry:
    """One of them; ``to_change``: ours until the transaction ends. ``BulkEntryNotFound``."""
    query = bulk_entries_visible_to(actor).where(BulkEntry.id == entry_id)
    found = session.scalar(query.with_for_update() if to_change else query)
    if found is None:
        raise BulkEntryNotFound(str(entry_id))
    return found


def forecast_of(session: Session, actor: Actor, child: Child) -> dict[str, GroupResult]:
    """Every vaccine of a child as of today, from the doses on record."""
    return evaluate_child(
        load_schedule(),
        born_on=child.person.born_on,
        sex=schedule_sex(child),
        given=given_doses(doses_of(session, actor, child)),
        as_of=actor.today,
    )


def lots_visible_to(actor: Actor) -> Select[VaccineLot]:
    """Lots of the health centers where the actor works, the one used last first."""
    return (
        select(VaccineLot)
        .where(VaccineLot.organisation_id.in_(actor.organisations(Role.NURSE)))
        .order_by(VaccineLot.used_on.desc(), VaccineLot.id.desc())
    )


def lot_named(
    session: Session, actor: Actor, organisation_id: UUID, product: str, lot: str
) -> VaccineLot | None:
    """One lot of one health center."""
    return session.scalar(
        lots_visible_to(actor).where(
            VaccineLot.organisation_id == organisation_id,
            VaccineLot.product == product,
            VaccineLot.lot == lot,
        )
    )


def product_with_gtin(session: Session, actor: Actor, gtin: str) -> str | None:
    """The product whose boxes carry this number, as far as it was recorded here before."""
    known = session.scalars(lots_visible_to(actor).where(VaccineLot.gtin == gtin).limit(1)).first()
    return known.product if known else None


def given_doses(doses: Sequence[Dose]) -> list[GivenDose]:
    """Records as the engine reads them."""
    return [GivenDose(dose.product, dose.given_on) for dose in doses]


def schedule_sex(child: Child) -> ScheduleSex:
    """The schedule knows girls and everybody else (HPV)."""
    return "F" if child.person.sex == Sex.FEMALE else "M"


def children_born_on(children: Select[Child], days: Collection[date]) -> Select[Child]:
    """Those of a scope who were born on one of these days."""
    query = children.join(Person, Person.id == Child.person_id)
    return query.where(Person.born_on.in_(days)).options(lazyload(Child.guardianships))


def imports_visible_to(actor: Actor) -> Select[DoseImport]:
    """Uploaded files of the actor's health center, the newest first."""
    return (
        select(DoseImport)
        .where(DoseImport.organisation_id.in_(actor.organisations(Role.NURSE)))
        .order_by(DoseImport.uploaded_at.desc())
    )


def dose_import(
    session: Session, actor: Actor, import_id: UUID, *, to_change: bool = False
) -> DoseImport:
    """One of them; ``to_change``: ours until the transaction ends. ``ImportNotFound``."""
    query = imports_visible_to(actor).where(DoseImport.id == import_id)
    row = session.scalar(query.with_for_update() if to_change else query)
    if row is None:
        raise ImportNotFound(str(import_id))
    return row


def parts_visible_to(actor: Actor) -> Select[DoseImportPart]:
    """The sealed parts of these files, in order."""
    files = imports_visible_to(actor).order_by(None).with_only_columns(DoseImport.id)
    parts = select(DoseImportPart).where(DoseImportPart.import_id.in_(files))
    return parts.order_by(DoseImportPart.number)


def parts_of(session: Session, actor: Actor, row: DoseImport) -> Sequence[DoseImportPart]:
    """The parts of one file."""
    return session.scalars(parts_visible_to(actor).where(DoseImportPart.import_id == row.id)).all()


def drop_old_files(session: Session, now: datetime) -> None:
    """Forget what files held that were kept long enough, and doses they never published."""
    old = select(DoseImport.id).where(DoseImport.expires_at <= now)
    session.execute(delete(DoseImportPart).where(DoseImportPart.import_id.in_(old)))
    unpublished = select(DoseImport.bulk_entry_id).where(
        DoseImport.id.in_(old), DoseImport.state == ImportState.WRITING
    )
    session.execute(delete(Dose).where(Dose.bulk_entry_id.in_(unpublished)))
    too_old = update(DoseImport).where(DoseImport.id.in_(old), DoseImport.state.in_(WAITING))
    session.execute(too_old.values(state=ImportState.DISCARDED))
