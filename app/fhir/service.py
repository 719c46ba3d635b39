"""Use cases: answer another system's question; hand out one child's record as a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize, is_guardian
from app.core import clock
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.family.queries import visible_child
from app.fhir.bundle import Record, collection
from app.fhir.evaluation import Events, evaluations
from app.fhir.recommendation import recommendation
from app.fhir.terminology import load_terminology
from app.immunization.forecast import evaluate_child
from app.immunization.queries import doses_of, forecast_of
from app.immunization.schedule import load_schedule
from app.immunization.standings import overviews_of
from app.registry.queries import organisation_names

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from app.authz.actor import Actor, ClientSystem
    from app.fhir.parameters import ForecastRequest
    from app.fhir.terminology import Element


@dataclass(frozen=True)
class Export:
    """A child's record as a file. The digest stands in the audit trail too."""

    body: bytes
    sha256: str
    made_on: date


def forecast(actor: ClientSystem, request: ForecastRequest) -> Element:
    """Evaluations and recommendation for a child that only the caller knows. Nothing is kept."""
    authorize(actor, Permission.FORECAST_ASK)
    schedule, terms = load_schedule(), load_terminology()
    results = evaluate_child(
        schedule,
        born_on=request.born_on,
        sex=request.sex,
        given=[dose for dose, _ in request.given],
        as_of=request.as_of,
    )
    judged = evaluations(
        schedule,
        terms,
        results,
        patient=request.patient,
        events=Events(request.given),
        as_of=request.as_of,
    )
    ahead = recommendation(
        schedule, terms, results, patient=request.patient, as_of=request.as_of, to_parents=False
    )
    parameters = [{"name": "evaluation", "resource": one} for one in judged]
    parameters.append({"name": "recommendation", "resource": ahead})
    return {"resourceType": "Parameters", "parameter": parameters}


def export_child(actor: Actor, child_id: UUID) -> Export:
    """One child's vaccinations and forecast as a FHIR collection; an audited act."""
    with transaction() as session:
        child = visible_child(session, actor, child_id)
        authorize(actor, Permission.CHILD_EXPORT, child)
        doses = doses_of(session, actor, child)
        names = organisation_names(session, {child.municipality_id})
        to_parents = is_guardian(actor, child)
        over = overviews_of(session, actor, [child], for_family=to_parents)[child.id]
        record = Record(
            child=child,
            municipality=names[child.municipality_id],
            doses=tuple(doses),
            results=forecast_of(session, actor, child),
            as_of=actor.today,
            made_at=clock.now(),
            to_parents=to_parents,
            resting=over.resting,
            unspoken=frozenset(g for g in over.results if not over.standing.speaks_of(g)),
        )
        made = collection(record, load_schedule(), load_terminology())
        body = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
        digest = sha256_hex(body)
        entity = chain.Entity("child", child.id, child.person_id)
        detail = {"format": "fhir-r4", "sha256": digest, "doses": len(doses)}
        chain.record(session, actor, Action.RECORD_EXPORTED, entity, detail=detail)
        return Export(body, digest, actor.today)
