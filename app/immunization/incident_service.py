"""Use cases of reports of wrong vaccinations: begin one, write it, complete it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.family.queries import visible_child
from app.immunization import incident_drafts, incident_queries
from app.immunization.errors import IncidentChanged, IncidentIncomplete, UnknownKind
from app.immunization.incident_content import Content, sealed_content
from app.immunization.incident_facts import facts_of
from app.immunization.incident_form import load_report_form
from app.immunization.incident_models import IncidentVersion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.immunization.incident_models import Incident


@dataclass(frozen=True)
class Report:
    """A report as typed. ``seen``: the number of the version that was on the page."""

    kind: str
    answers: Mapping[str, str]
    seen: int
    complete: bool


def draft_incident(actor: Actor, child_id: UUID, dose_id: UUID) -> Incident:
    """Begin the report about a dose, taken back or not; the one begun before stays the one."""
    with transaction() as session:
        child = visible_child(session, actor, child_id, to_change=True)
        authorize(actor, Permission.INCIDENT_WRITE, child)
        dose = incident_queries.any_version(session, actor, child, dose_id)
        return incident_drafts.begin(session, actor, child, dose.lineage_id)


def write_incident(actor: Actor, incident_id: UUID, report: Report, sealer: Sealer) -> Incident:
    """Write the next version, with the record's facts as they are now.

    Raises ``UnknownKind``, ``IncidentIncomplete`` when it is to be complete and is not, and
    ``IncidentChanged`` when somebody else has written since the page was opened.
    """
    with transaction() as session:
        row, child = incident_queries.incident_with_child(
            session, actor, incident_id, to_change=True
        )
        authorize(actor, Permission.INCIDENT_WRITE, row)
        number = incident_queries.newest_number(session, row)
        if number != report.seen:
            raise IncidentChanged(str(incident_id))
        _require_whole(report)
        facts = facts_of(session, child, row.lineage_id)
        row.answers = sealed_content(sealer, row, Content(facts=facts, answers=report.answers))
        row.kind, row.changed_at = report.kind, clock.now()
        row.completed_at = row.changed_at if report.complete else None
        session.add(_version(actor, row, number + 1))
        entity = chain.Entity("incident", row.id, child.person_id)
        done = Action.INCIDENT_COMPLETED if report.complete else Action.INCIDENT_CHANGED
        chain.record(session, actor, done, entity, detail={"version": number + 1})
        return row


def _require_whole(report: Report) -> None:
    form = load_report_form()
    kind = form.kinds.get(report.kind)
    if kind is None:
        raise UnknownKind(report.kind)
    missing = [
        question.id
        for question in form.questions
        if question.is_needed_for(kind) and not report.answers.get(question.id)
    ]
    if report.complete and missing:
        raise IncidentIncomplete(missing)


def _version(actor: Actor, row: Incident, number: int) -> IncidentVersion:
    return IncidentVersion(
        incident_id=row.id,
        number=number,
        kind=row.kind,
        answers=row.answers,
        completed=row.completed_at is not None,
        written_by=actor.account_id,
        written_at=row.changed_at,
    )
