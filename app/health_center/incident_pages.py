"""What the pages about wrong vaccinations show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import transaction
from app.immunization import incident_queries
from app.immunization.incident_content import opened_content
from app.immunization.incident_facts import facts_of
from app.immunization.incident_form import load_report_form

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.family.models import Child
    from app.immunization.incident_facts import Facts
    from app.immunization.incident_form import ReportForm
    from app.immunization.incident_models import Incident

MOST = 200


@dataclass(frozen=True)
class Version:
    """What was written at one time, and by whom."""

    number: int
    kind: str
    answers: Mapping[str, str]
    facts: Facts
    completed: bool
    written_at: datetime
    written_by: str


@dataclass(frozen=True)
class IncidentPage:
    """One report. ``facts``: those of the newest version, or of today while there is none.

    ``outdated``: the dose was corrected after the newest version.
    """

    incident: Incident
    child: Child
    facts: Facts
    outdated: bool
    versions: tuple[Version, ...]
    form: ReportForm

    @property
    def kind(self) -> str:
        """The kind of error that was chosen, or that the record speaks of."""
        return self.incident.kind

    @property
    def number(self) -> int:
        """The newest version; 0 while there is none."""
        return self.versions[0].number if self.versions else 0


@dataclass(frozen=True)
class IncidentList:
    """Reports with their children, open ones first. ``waiting``: how many are open."""

    rows: tuple[tuple[Incident, Child], ...]
    waiting: int
    form: ReportForm


def incident(actor: Actor, incident_id: UUID, sealer: Sealer) -> IncidentPage:
    """Open one report: an audited look."""
    with transaction() as session:
        row, child = incident_queries.incident_with_child(session, actor, incident_id)
        authorize(actor, Permission.INCIDENT_WRITE, row)
        versions = []
        for version, person in incident_queries.versions_of(session, row):
            content = opened_content(sealer, row, version.answers)
            versions.append(
                Version(
                    version.number,
                    version.kind,
                    content.answers,
                    content.facts,
                    version.completed,
                    version.written_at,
                    person.name if person else "",
                )
            )
        today = facts_of(session, child, row.lineage_id)
        entity = chain.Entity("incident", row.id, child.person_id)
        chain.record(session, actor, Action.INCIDENT_OPENED, entity)
    facts = versions[0].facts if versions else today
    outdated = facts.dose_id != today.dose_id
    return IncidentPage(row, child, facts, outdated, tuple(versions), load_report_form())


def incident_list(actor: Actor) -> IncidentList:
    """The reports of the municipality: an audited look."""
    authorize(actor, Permission.WORKLIST_READ)
    with transaction() as session:
        query = incident_queries.with_children(incident_queries.incidents_visible_to(actor)).limit(
            MOST
        )
        rows = tuple((row, child) for row, child in session.execute(query).unique())
        waiting = incident_queries.count_open(session, actor)
        entity, detail = chain.Entity("worklist"), {"list": "incidents", "rows": len(rows)}
        chain.record(session, actor, Action.WORKLIST_OPENED, entity, detail=detail)
    return IncidentList(rows, waiting, load_report_form())
