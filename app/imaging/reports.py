"""Taking in what gateways report: studies stored, images read. Each event counts once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.imaging.models import (
    GatewayEvent,
    Grant,
    IssuedToken,
    PatientLink,
    StudyReference,
)
from app.registry.queries import gateway_to_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.authz.actor import Machine


@dataclass
class Receipt:
    """Which events were taken in, and which can never be."""

    accepted: list[str] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)


def take_in(actor: Machine, events: Sequence[dict[str, Any]]) -> Receipt:
    """Apply every event once; the events follow the wire schema already."""
    receipt = Receipt()
    with transaction() as session:
        authorize(actor, Permission.GATEWAY_REPORT)
        gateway = gateway_to_change(session, actor.id)
        gateway.seen_at = clock.now()
        for event in events:
            if session.get(GatewayEvent, UUID(event["id"])) is None:
                reason = _apply(session, actor, event)
                if reason is not None:
                    receipt.rejected.append({"id": event["id"], "reason": reason})
                    continue
                session.add(
                    GatewayEvent(id=UUID(event["id"]), gateway_id=actor.id, received_at=clock.now())
                )
                session.flush()
            receipt.accepted.append(event["id"])
    return receipt


def _apply(session: Session, actor: Machine, event: dict[str, Any]) -> str | None:
    if event["type"] == "study.stored":
        _store_study(session, actor, event["study"])
        return None
    return _note_reading(session, actor, event["access"])


def _store_study(session: Session, actor: Machine, study: dict[str, Any]) -> None:
    known = session.scalar(
        select(StudyReference).where(
            StudyReference.gateway_id == actor.id,
            StudyReference.study_instance_uid == study["study_instance_uid"],
        )
    )
    row = known or StudyReference(
        id=new_id(), gateway_id=actor.id, study_instance_uid=study["study_instance_uid"]
    )
    row.local_patient_id = study["patient_id"]
    row.study_date = date.fromisoformat(study["study_date"]) if study["study_date"] else None
    row.description = study["description"]
    row.modalities = study["modalities"]
    row.series = study["series"]
    row.instances = study["instances"]
    row.announced_at = clock.now()
    session.add(row)
    session.flush()
    person_id = session.scalar(
        select(PatientLink.person_id).where(
            PatientLink.organisation_id == actor.organisation_id,
            PatientLink.local_patient_id == row.local_patient_id,
        )
    )
    entity = chain.Entity("study_reference", row.id, person_id)
    chain.record(session, actor, Action.STUDY_ANNOUNCED, entity)


def _note_reading(session: Session, actor: Machine, access: dict[str, Any]) -> str | None:
    token = session.get(IssuedToken, UUID(access["token_id"]))
    if token is None or token.gateway_id != actor.id or str(token.grant_id) != access["grant"]:
        return "unknown token"
    grant = session.get(Grant, token.grant_id)
    if grant is None:
        return "unknown grant"
    chain.record(
        session,
        actor,
        Action.IMAGE_READ,
        chain.Entity("image_grant", grant.id, grant.person_id),
        detail={
            "reader": str(grant.account_id),
            "reader_organisation": str(grant.organisation_id),
            "study_instance_uid": access["study_instance_uid"],
            "first_at": _utc(access["first_at"]),
            "last_at": _utc(access["last_at"]),
            "instances": access["instances"],
            "frames": access["frames"],
        },
    )
    return None


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).isoformat()
