"""Reads and set-wise changes of imports: remembered columns, doses that wait to be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased, lazyload

from app.authz.actor import Role
from app.core.provenance import Source
from app.family.models import Child
from app.family.queries import children_visible_to
from app.immunization.models import BulkEntry, Dose, DoseImport, DoseImportPart, ImportColumns
from app.immunization.queries import WAITS_FOR_COPY, versions_visible_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Executable
    from sqlalchemy.orm import Session

    from app.authz.actor import Actor

PLACED_AT_ONCE = 500


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
    waiting = parts.where(DoseImportPart.number >= 0)
    return session.scalars(waiting.order_by(DoseImportPart.number).limit(1)).first()


def hold_children(session: Session, bulk: BulkEntry) -> None:
    """The children of these doses are ours until the transaction ends."""
    ids = select(Dose.child_id).where(Dose.bulk_entry_id == bulk.id)
    session.execute(select(Child.id).where(Child.id.in_(ids)).order_by(Child.id).with_for_update())


def let_stale_go(session: Session, bulk: BulkEntry) -> None:
    """Doses that wait for an entry the family took back, or staff confirmed, go on alone."""
    copy = aliased(Dose)
    there = exists().where(copy.lineage_id == Dose.lineage_id, *_is_copy(copy))
    stale = update(Dose).where(_waits_for_copy(bulk), ~there)
    _run(session, stale.values(lineage_id=Dose.id, version=1))


def drop_known(session: Session, bulk: BulkEntry) -> None:
    """Of doses that wait: those that came in otherwise meanwhile, or stand twice in the file."""
    other = aliased(Dose)
    by_staff = and_(
        other.superseded_at.is_(None), other.voided.is_(False), other.source != Source.GUARDIAN
    )
    twice = and_(other.bulk_entry_id == bulk.id, other.id < Dose.id)
    known = exists().where(
        other.child_id == Dose.child_id,
        other.product == Dose.product,
        other.given_on == Dose.given_on,
        or_(by_staff, twice),
    )
    _run(session, delete(Dose).where(Dose.bulk_entry_id == bulk.id, known))


def find_copies(session: Session, bulk: BulkEntry) -> None:
    """Doses that families copied meanwhile are confirmed by those that wait, each by one."""
    copy, taken = aliased(Dose), aliased(Dose)
    same = (
        copy.child_id == Dose.child_id,
        copy.product == Dose.product,
        copy.given_on == Dose.given_on,
        *_is_copy(copy),
        ~exists().where(taken.bulk_entry_id == bulk.id, taken.lineage_id == copy.lineage_id),
    )
    lineage = select(copy.lineage_id).where(*same).limit(1).scalar_subquery()
    alone = update(Dose).where(Dose.bulk_entry_id == bulk.id, exists().where(*same))
    _run(session, alone.values(lineage_id=lineage, version=WAITS_FOR_COPY))


def confirm_copies(session: Session, bulk: BulkEntry, at: datetime) -> None:
    """What waits for a family's entry becomes its next version."""
    waiting, former = aliased(Dose), aliased(Dose)
    confirmed = exists().where(
        waiting.bulk_entry_id == bulk.id, waiting.lineage_id == Dose.lineage_id
    )
    copies = update(Dose).where(
        confirmed, Dose.superseded_at.is_(None), Dose.source == Source.GUARDIAN
    )
    _run(session, copies.values(superseded_at=at))
    newest = select(func.max(former.version)).where(former.lineage_id == Dose.lineage_id)
    later = update(Dose).where(_waits_for_copy(bulk))
    _run(session, later.values(version=newest.scalar_subquery() + 1))


def _waits_for_copy(bulk: BulkEntry) -> ColumnElement[bool]:
    return and_(Dose.bulk_entry_id == bulk.id, Dose.version == WAITS_FOR_COPY)


def _is_copy(dose: type[Dose]) -> tuple[ColumnElement[bool], ...]:
    return (
        dose.superseded_at.is_(None),
        dose.voided.is_(False),
        dose.source == Source.GUARDIAN,
    )


def _run(session: Session, change: Executable) -> None:
    session.execute(change, execution_options={"synchronize_session": False})


def publish(session: Session, bulk: BulkEntry) -> None:
    """From now on everybody sees the doses that waited."""
    waiting = update(Dose).where(Dose.bulk_entry_id == bulk.id)
    _run(session, waiting.values(superseded_at=None))


def take_away(session: Session, bulk_entry_id: UUID) -> None:
    """Doses that were never published."""
    session.execute(delete(Dose).where(Dose.bulk_entry_id == bulk_entry_id))


def count_written(session: Session, bulk_entry_id: UUID | None) -> int:
    """How many doses an import has brought so far, none of them corrected yet."""
    written = select(func.count()).where(Dose.bulk_entry_id == bulk_entry_id)
    return session.scalar(written) or 0


def recorded_by(actor: Actor, bulk: BulkEntry) -> Select[Dose]:
    """Doses as an entry recorded them, whatever became of them since, the first ones first."""
    before = aliased(Dose)
    first = ~exists().where(
        before.bulk_entry_id == bulk.id,
        before.lineage_id == Dose.lineage_id,
        before.version < Dose.version,
    )
    return (
        versions_visible_to(actor)
        .where(Dose.bulk_entry_id == bulk.id, first)
        .order_by(None)
        .order_by(Dose.id)
    )


def count_confirmed(session: Session, actor: Actor, bulk: BulkEntry) -> int:
    """How many entries of families this one confirmed."""
    later = recorded_by(actor, bulk).where(Dose.version > 1).order_by(None)
    return session.execute(later.with_only_columns(func.count(Dose.id))).scalar_one()


def children_to_place(session: Session, actor: Actor, child_ids: Sequence[UUID]) -> Iterator[Child]:
    """These children, ours until the transaction ends, some at a time."""
    for start in range(0, len(child_ids), PLACED_AT_ONCE):
        ids = child_ids[start : start + PLACED_AT_ONCE]
        query = children_visible_to(actor).where(Child.id.in_(ids)).order_by(Child.id)
        yield from session.scalars(
            query.options(lazyload(Child.guardianships)).with_for_update(of=Child)
        )


def children_to_list(
    session: Session, bulk: BulkEntry, after: UUID | None, limit: int
) -> Sequence[Child]:
    """The next children of an import by id."""
    ids = select(Dose.child_id).where(Dose.bulk_entry_id == bulk.id)
    query = select(Child).options(lazyload(Child.guardianships)).where(Child.id.in_(ids))
    query = query.order_by(Child.id).limit(limit)
    return session.scalars(query if after is None else query.where(Child.id > after)).all()
