"""Reads and set-wise changes of imports: remembered columns, doses that wait to be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased, lazyload

from app.authz.actor import Role
from app.family.models import Child
from app.immunization.models import BulkEntry, Dose, DoseImport, DoseImportPart, ImportColumns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def columns_visible_to(actor: Actor) -> Select[ImportColumns]:
    """Remembered meanings of columns at the actor's health center."""
    return select(ImportColumns).where(
        ImportColumns.organisation_id.in_(actor.organisations(Role.NURSE))
    )


def columns_named(
    session: Session, actor: Actor, organisation_id: UUID, digest: str
) -> ImportColumns | None:
    """What the columns of this heading line meant last time."""
    return session.scalar(
        columns_visible_to(actor).where(
            ImportColumns.organisation_id == organisation_id,
            ImportColumns.header_digest == digest,
        )
    )


def drop_parts(session: Session, row: DoseImport) -> None:
    """Every part of a file that is being written anew or thrown away."""
    session.execute(delete(DoseImportPart).where(DoseImportPart.import_id == row.id))


def next_part(session: Session, row: DoseImport) -> DoseImportPart | None:
    """The next part that was not written yet."""
    parts = select(DoseImportPart).where(DoseImportPart.import_id == row.id)
    return session.scalars(parts.order_by(DoseImportPart.number).limit(1)).first()


def hold_children(session: Session, bulk: BulkEntry) -> None:
    """The children of these doses are ours until the transaction ends."""
    ids = select(Dose.child_id).where(Dose.bulk_entry_id == bulk.id)
    session.execute(select(Child.id).where(Child.id.in_(ids)).order_by(Child.id).with_for_update())


def drop_known(session: Session, bulk: BulkEntry) -> None:
    """Of doses that wait: those that came in otherwise meanwhile, or stand twice in the file."""
    other = aliased(Dose)
    current = and_(other.superseded_at.is_(None), other.voided.is_(False))
    twice = and_(other.bulk_entry_id == bulk.id, other.id < Dose.id)
    known = exists().where(
        other.child_id == Dose.child_id,
        other.product == Dose.product,
        other.given_on == Dose.given_on,
        or_(current, twice),
    )
    session.execute(
        delete(Dose).where(Dose.bulk_entry_id == bulk.id, known),
        execution_options={"synchronize_session": False},
    )


def publish(session: Session, bulk: BulkEntry) -> None:
    """From now on everybody sees the doses that waited."""
    waiting = update(Dose).where(Dose.bulk_entry_id == bulk.id)
    session.execute(
        waiting.values(superseded_at=None), execution_options={"synchronize_session": False}
    )


def take_away(session: Session, bulk_entry_id: UUID) -> None:
    """Doses that were never published."""
    session.execute(delete(Dose).where(Dose.bulk_entry_id == bulk_entry_id))


def count_written(session: Session, bulk_entry_id: UUID | None) -> int:
    """How many doses an import has brought so far."""
    written = select(func.count()).where(Dose.bulk_entry_id == bulk_entry_id, Dose.version == 1)
    return session.scalar(written) or 0


def children_to_list(
    session: Session, bulk: BulkEntry, after: UUID | None, limit: int
) -> Sequence[Child]:
    """The next children of an import by id."""
    ids = select(Dose.child_id).where(Dose.bulk_entry_id == bulk.id)
    query = select(Child).options(lazyload(Child.guardianships)).where(Child.id.in_(ids))
    query = query.order_by(Child.id).limit(limit)
    return session.scalars(query if after is None else query.where(Child.id > after)).all()
