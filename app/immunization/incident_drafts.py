"""The first draft of a report of a wrong vaccination, begun by staff or with the dose itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.core import clock
from app.core.ids import new_id
from app.immunization import incident_queries
from app.immunization.incident_facts import facts_of
from app.immunization.incident_models import Incident

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child


def begin(session: Session, actor: Actor, child: Child, lineage_id: UUID) -> Incident:
    """The draft about one dose of a child that is ours until the transaction ends."""
    known = incident_queries.incident_about(session, lineage_id)
    if known is not None:
        return known
    now = clock.now()
    row = Incident(
        id=new_id(),
        lineage_id=lineage_id,
        child_id=child.id,
        organisation_id=child.municipality_id,
        kind=facts_of(session, child, lineage_id).suggested_kind,
        answers=b"",
        drafted_by=actor.account_id,
        drafted_at=now,
        changed_at=now,
    )
    session.add(row)
    session.flush()
    entity = chain.Entity("incident", row.id, child.person_id)
    chain.record(session, actor, Action.INCIDENT_DRAFTED, entity)
    return row
