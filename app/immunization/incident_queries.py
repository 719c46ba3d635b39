"""Reads of reports of wrong vaccinations, scoped to the actor's municipality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select
from sqlalchemy.orm import lazyload

from app.authz.actor import Role
from app.family.models import Child
from app.family.queries import may_be_told_of
from app.identity.models import Account, Person
from app.immunization import queries
from app.immunization.errors import DoseNotFound, IncidentNotFound
from app.immunization.incident_models import Incident, IncidentVersion
from app.immunization.models import Dose, VaccineLot

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def incidents_visible_to(actor: Actor) -> Select[Incident]:
    """Reports of the municipalities where the actor works: open ones first, then the newest.

    None about a child of whom the actor is told nothing.
    """
    return (
        select(Incident)
        .where(
            Incident.organisation_id.in_(actor.organisations(Role.NURSE)),
            may_be_told_of(actor, Incident.child_id),
        )
        .order_by(Incident.completed_at.is_not(None), Incident.drafted_at.desc(), Incident.id)
    )


def with_children(reports: Select[Incident]) -> Select[Incident, Child]:
    """The same, each with its child."""
    query = reports.join(Child, Child.id == Incident.child_id).add_columns(Child)
    return query.options(lazyload(Child.guardianships))


def incident_with_child(
    session: Session, actor: Actor, incident_id: UUID, *, to_change: bool = False
) -> tuple[Incident, Child]:
    """One report; ``to_change``: ours until the transaction ends. ``IncidentNotFound``."""
    query = incidents_visible_to(actor).where(Incident.id == incident_id)
    found = session.scalar(query.with_for_update() if to_change else query)
    if found is None:
        raise IncidentNotFound(str(incident_id))
    return found, session.get_one(Child, found.child_id)


def any_version(session: Session, actor: Actor, child: Child, dose_id: UUID) -> Dose:
    """One version of a dose of one child, current or not. ``DoseNotFound``."""
    dose = session.scalar(
        queries.versions_visible_to(actor).where(Dose.child_id == child.id, Dose.id == dose_id)
    )
    if dose is None:
        raise DoseNotFound(str(dose_id))
    return dose


def incident_about(session: Session, lineage_id: UUID) -> Incident | None:
    """The report about a dose the caller was shown, if somebody began one."""
    return session.scalar(select(Incident).where(Incident.lineage_id == lineage_id))


def reported_among(session: Session, lineage_ids: Collection[UUID]) -> dict[UUID, Incident]:
    """The reports about doses the caller was shown, by dose."""
    rows = session.scalars(select(Incident).where(Incident.lineage_id.in_(lineage_ids)))
    return {row.lineage_id: row for row in rows}


def versions_of(
    session: Session, incident: Incident
) -> Sequence[tuple[IncidentVersion, Person | None]]:
    """Every version of a report with who wrote it, the newest first."""
    rows = session.execute(
        select(IncidentVersion, Person)
        .outerjoin(Account, Account.id == IncidentVersion.written_by)
        .outerjoin(Person, Person.id == Account.person_id)
        .where(IncidentVersion.incident_id == incident.id)
        .order_by(IncidentVersion.number.desc())
    )
    return [(version, person) for version, person in rows]


def newest_number(session: Session, incident: Incident) -> int:
    """The number of the newest version; 0 while nobody has written anything."""
    newest = select(func.max(IncidentVersion.number)).where(
        IncidentVersion.incident_id == incident.id
    )
    return session.scalar(newest) or 0


def count_open(session: Session, actor: Actor) -> int:
    """How many reports wait to be completed."""
    waiting = incidents_visible_to(actor).order_by(None).where(Incident.completed_at.is_(None))
    return session.scalar(waiting.with_only_columns(func.count())) or 0


def newest_doses(session: Session, child: Child) -> Sequence[Dose]:
    """The newest version of every dose of a child, also of those taken back; the last one first."""
    return session.scalars(
        select(Dose)
        .where(Dose.child_id == child.id, Dose.superseded_at.is_(None))
        .order_by(Dose.given_on.desc(), Dose.recorded_at.desc())
    ).all()


def lot_expiry(session: Session, dose: Dose) -> date | None:
    """The last day of use of a dose's lot, where the box was read."""
    return session.scalar(
        select(VaccineLot.expires_on).where(
            VaccineLot.organisation_id == dose.organisation_id,
            VaccineLot.product == dose.product,
            VaccineLot.lot == dose.lot,
        )
    )
