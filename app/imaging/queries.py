"""Reads of image sharing, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, select

from app.authz.actor import Role
from app.imaging.errors import GrantNotFound, PatientNotFound, RequestNotFound
from app.imaging.models import Grant, PatientLink, RequestState, ShareRequest, StudyReference
from app.registry.models import Gateway

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def patients_visible_to(actor: Actor) -> Select[PatientLink]:
    """People registered at organisations where the actor is physician or receptionist."""
    return select(PatientLink).where(
        PatientLink.organisation_id.in_(actor.organisations(Role.PHYSICIAN, Role.RECEPTIONIST))
    )


def visible_patient(session: Session, actor: Actor, link_id: UUID) -> PatientLink:
    """One registered patient, or ``PatientNotFound``."""
    link = session.scalar(patients_visible_to(actor).where(PatientLink.id == link_id))
    if link is None:
        raise PatientNotFound(str(link_id))
    return link


def studies_elsewhere(session: Session, link: PatientLink) -> Sequence[StudyReference]:
    """Studies of this person at other hospitals, newest first.

    A study belongs to the person when its hospital linked the person under that patient number.
    """
    return session.scalars(
        select(StudyReference)
        .join(Gateway, Gateway.id == StudyReference.gateway_id)
        .join(
            PatientLink,
            and_(
                PatientLink.organisation_id == Gateway.organisation_id,
                PatientLink.local_patient_id == StudyReference.local_patient_id,
            ),
        )
        .where(
            PatientLink.person_id == link.person_id,
            Gateway.organisation_id != link.organisation_id,
        )
        .order_by(StudyReference.study_date.desc(), StudyReference.id)
    ).all()


def requests_visible_to(actor: Actor) -> Select[ShareRequest]:
    """Requests about the actor's own images, and those of organisations where they practise."""
    return (
        select(ShareRequest)
        .where(
            (ShareRequest.person_id == actor.person_id)
            | ShareRequest.organisation_id.in_(actor.organisations(Role.PHYSICIAN))
        )
        .order_by(ShareRequest.requested_at.desc())
    )


def visible_request(session: Session, actor: Actor, request_id: UUID) -> ShareRequest:
    """One request, or ``RequestNotFound``."""
    request = session.scalar(requests_visible_to(actor).where(ShareRequest.id == request_id))
    if request is None:
        raise RequestNotFound(str(request_id))
    return request


def request_to_answer(session: Session, actor: Actor, request_id: UUID) -> ShareRequest:
    """As ``visible_request``, held until the transaction ends: a request is answered once."""
    request = session.scalar(
        requests_visible_to(actor)
        .where(ShareRequest.id == request_id)
        .with_for_update(of=ShareRequest)
    )
    if request is None:
        raise RequestNotFound(str(request_id))
    return request


def latest_request(session: Session, actor: Actor, link: PatientLink) -> ShareRequest | None:
    """The newest request of this organisation for this person."""
    return session.scalars(
        requests_visible_to(actor)
        .where(
            ShareRequest.person_id == link.person_id,
            ShareRequest.organisation_id == link.organisation_id,
        )
        .limit(1)
    ).first()


def own_requests(session: Session, actor: Actor) -> Sequence[ShareRequest]:
    """Requests about the actor's own images."""
    return session.scalars(
        requests_visible_to(actor).where(ShareRequest.person_id == actor.person_id)
    ).all()


def own_grants(session: Session, actor: Actor) -> Sequence[Grant]:
    """Grants on the actor's own images, newest first."""
    return session.scalars(grants_visible_to(actor).where(Grant.person_id == actor.person_id)).all()


def grants_visible_to(actor: Actor) -> Select[Grant]:
    """Grants on the actor's own images, and grants made out to the actor."""
    return (
        select(Grant)
        .where((Grant.person_id == actor.person_id) | (Grant.account_id == actor.account_id))
        .order_by(Grant.granted_at.desc())
    )


def visible_grant(session: Session, actor: Actor, grant_id: UUID) -> Grant:
    """One grant, or ``GrantNotFound``."""
    grant = session.scalar(grants_visible_to(actor).where(Grant.id == grant_id))
    if grant is None:
        raise GrantNotFound(str(grant_id))
    return grant


def lapse(request: ShareRequest, now: datetime) -> None:
    """A request nobody answered in time is over."""
    if request.state == RequestState.WAITING and request.answer_by <= now:
        request.state = RequestState.EXPIRED
