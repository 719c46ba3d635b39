"""A clinic day: one vaccine, one lot, one day, one place, many children; all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.core.ids import new_id
from app.core.provenance import Source
from app.family.queries import children_with_ids
from app.immunization import incident_drafts, lots, queries, worklist
from app.immunization.entry import (
    DoseEntry,
    check_entry,
    settle_entry,
    speaks_against,
    write_settled,
)
from app.immunization.errors import (
    KeyTaken,
    NoRows,
    NotGivenWithoutReason,
    OtherMunicipality,
    ReasonNeeded,
    RowsNotReady,
)
from app.immunization.family_copies import Settled
from app.immunization.family_copy_queries import copies_of
from app.immunization.models import BulkEntry, BulkKind, Deferral, Dose
from app.immunization.results import GivenDose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.family_copies import AboutCopy

MOST_ROWS = 500


@dataclass(frozen=True)
class ClinicRow:
    """One child of the day. ``product`` and ``lot``: where they differ from those of the day.

    ``about_copy``: what the family's own entry, nearly the same, is.
    """

    child_id: UUID
    given: bool = True
    reason: str | None = None
    product: str | None = None
    lot: str | None = None
    about_copy: AboutCopy | None = None

    def entry(self, common: DoseEntry) -> DoseEntry:
        """The dose of this child."""
        own = replace(common, reason=self.reason, about_copy=self.about_copy)
        if self.product is None and self.lot is None:
            return own
        product = self.product or common.product
        return replace(own, product=product, lot=self.lot, expires_on=None, gtin=None)


@dataclass(frozen=True)
class ClinicDay:
    """What was done on one day. ``key`` comes from the form: sent again, it is recorded once."""

    key: UUID
    common: DoseEntry
    rows: tuple[ClinicRow, ...]


@dataclass(frozen=True)
class _Ready:
    child: Child
    row: ClinicRow
    settled: Settled
    doubtful: bool = False

    @property
    def entry(self) -> DoseEntry:
        return self.settled.entry


def record_clinic_day(actor: Actor, day: ClinicDay) -> BulkEntry:
    """Record every row in one transaction.

    Raises ``RowsNotReady`` with the fault of each row that needs a look; then nothing is written.
    """
    with transaction() as session:
        ids = {row.child_id for row in day.rows}
        children = children_with_ids(session, actor, ids, to_change=True)
        for child in children.values():
            authorize(actor, Permission.DOSE_RECORD, child)
        if not children:
            raise NoRows("no child on the list")
        known = session.get(BulkEntry, day.key)
        if known is not None:
            return _same(known, actor)
        ready = _ready_rows(session, actor, day, children)
        return _write(session, actor, day, ready)


def _same(known: BulkEntry, actor: Actor) -> BulkEntry:
    if known.recorded_by != actor.account_id:
        raise KeyTaken(str(known.id))
    return known


def _ready_rows(
    session: Session, actor: Actor, day: ClinicDay, children: Mapping[UUID, Child]
) -> list[_Ready]:
    given = queries.given_to(session, actor, children.keys())
    copies = copies_of(session, actor, children.keys())
    home = children[day.rows[0].child_id].municipality_id
    expired = _expired_lots(session, actor, day, home)
    ready: list[_Ready] = []
    faults: dict[UUID, TsunaguError] = {}
    for row in day.rows:
        child, id_ = children[row.child_id], row.child_id
        try:
            if child.municipality_id != home:
                raise OtherMunicipality(str(id_))
            one = _settled(child, row, day.common, given[id_], copies[id_])
            ready.append(replace(one, doubtful=_is_doubtful(one, expired)))
        except TsunaguError as fault:
            faults[id_] = fault
    if faults:
        raise RowsNotReady(faults)
    return ready


def _settled(
    child: Child,
    row: ClinicRow,
    common: DoseEntry,
    given: list[GivenDose],
    copies: list[Dose],
) -> _Ready:
    """One row; what it records stands in ``given`` for the rows after it."""
    entry = row.entry(common)
    if not row.given:
        return _Ready(child, row, Settled(entry, None, tuple(given)))
    settled = settle_entry(child, entry, given, copies)
    given[:] = [*settled.earlier, GivenDose(settled.entry.product, settled.entry.given_on)]
    if settled.copy is not None:
        copies.remove(settled.copy)
    return _Ready(child, row, settled)


def _is_doubtful(one: _Ready, expired: Mapping[tuple[str, str | None], date | None]) -> bool:
    """Whether the schedule or the lot speaks against a row that is ready to be written."""
    if not one.row.given:
        if not one.row.reason:
            raise NotGivenWithoutReason(str(one.child.id))
        return False
    settled = one.settled
    check = check_entry(one.child, one.entry, settled.earlier, settled.unconfirmed)
    past = expired.get((one.entry.product, one.entry.lot))
    doubtful = speaks_against(check) or past is not None
    if doubtful and not one.entry.reason:
        raise ReasonNeeded(check, lot_expired_on=past)
    return doubtful


def _expired_lots(
    session: Session, actor: Actor, day: ClinicDay, home: UUID
) -> dict[tuple[str, str | None], date | None]:
    """Of every vaccine and lot of the day: its last day of use, if that had passed."""
    entries = {(e.product, e.lot): e for e in (row.entry(day.common) for row in day.rows)}
    return {key: lots.expired_on(session, actor, home, entry) for key, entry in entries.items()}


def _write(session: Session, actor: Actor, day: ClinicDay, ready: Sequence[_Ready]) -> BulkEntry:
    given = [one for one in ready if one.row.given]
    home = ready[0].child.municipality_id
    bulk = BulkEntry(
        id=day.key,
        kind=BulkKind.CLINIC_DAY,
        organisation_id=home,
        recorded_by=actor.account_id,
        recorded_at=clock.now(),
        doses=len(given),
        deferrals=len(ready) - len(given),
    )
    session.add(bulk)
    session.flush()
    doses = {
        one.child.person_id: write_settled(
            session, actor, one.child, one.settled, Source.HEALTH_CENTER, bulk=bulk.id
        )
        for one in given
    }
    put_off = {
        one.child.person_id: _deferral(actor, day, one) for one in ready if not one.row.given
    }
    session.add_all(put_off.values())
    for entry in {(one.entry.product, one.entry.lot): one.entry for one in given}.values():
        lots.remember(session, actor, home, entry)
    worklist.refresh(session, [one.child for one in given], actor.today)
    _tell_audit(session, actor, bulk, doses, put_off)
    for one in given:
        if one.doubtful:
            dose = doses[one.child.person_id]
            incident_drafts.begin(session, actor, one.child, dose.lineage_id)
    return bulk


def _deferral(actor: Actor, day: ClinicDay, one: _Ready) -> Deferral:
    return Deferral(
        id=new_id(),
        child_id=one.child.id,
        product=one.entry.product,
        planned_on=one.entry.given_on,
        reason=one.row.reason,
        organisation_id=one.child.municipality_id,
        recorded_by=actor.account_id,
        recorded_at=clock.now(),
        bulk_entry_id=day.key,
    )


def _tell_audit(
    session: Session,
    actor: Actor,
    bulk: BulkEntry,
    doses: Mapping[UUID, Dose],
    put_off: Mapping[UUID, Deferral],
) -> None:
    recorded = [chain.Entity("dose", dose.id, person) for person, dose in doses.items()]
    deferred = [chain.Entity("deferral", row.id, person) for person, row in put_off.items()]
    chain.record_each(session, actor, Action.DOSE_RECORDED, recorded)
    chain.record_each(session, actor, Action.SHOT_DEFERRED, deferred)
    detail = {"doses": bulk.doses, "deferrals": bulk.deferrals}
    entity = chain.Entity("bulk_entry", bulk.id)
    chain.record(session, actor, Action.DOSES_RECORDED, entity, detail=detail)
