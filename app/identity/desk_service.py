"""Use cases of the municipality's desk: open an application that waits, and decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import DESK_ROLES, Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.identity import enrolment, queries
from app.identity.errors import (
    AlreadyDecided,
    ImpossibleDecision,
    OwnRegistration,
    RegistrationNotFound,
)
from app.identity.evidence import Claims, Evidence
from app.identity.matching import (
    Applicant,
    KnownPerson,
    likeness,
    normalised_name,
    same_address,
)
from app.identity.recognition import people_like
from app.identity.registration_models import Registration, RegistrationState

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.identity.application_text import Intent


class DecisionKind(StrEnum):
    """What a desk can decide."""

    LINK = "link"
    CREATE = "create"
    DECLINE = "decline"


@dataclass(frozen=True)
class Decision:
    """Whom LINK means, and what the clerk saw."""

    kind: DecisionKind
    person_id: UUID | None
    reason: str


@dataclass(frozen=True)
class Likeness:
    """One person the applicant may be, field by field.

    Addresses of records are compared, not shown: ``same_address`` is None where none is kept.
    """

    person_id: UUID
    name: str
    same_name: bool
    same_sex: bool
    same_address: bool | None
    has_cards: bool


@dataclass(frozen=True)
class Case:
    """An application as the desk sees it."""

    registration_id: UUID
    signed_at: datetime
    intent: Intent
    doubts: tuple[str, ...]
    claims: Claims
    likenesses: tuple[Likeness, ...]


def open_case(actor: Actor, registration_id: UUID, sealer: Sealer) -> Case:
    """Open one application that waits at the actor's desk; opening it is an event of its own."""
    with transaction() as session:
        registration = _waiting(session, actor, registration_id)
        authorize(actor, Permission.REGISTRATION_DECIDE, registration)
        case = _case(session, registration, sealer)
        entity = chain.Entity("registration", registration.id)
        chain.record(
            session,
            actor,
            Action.REGISTRATION_OPENED,
            entity,
            organisation_id=registration.organisation_id,
        )
        return case


def decide(actor: Actor, registration_id: UUID, decision: Decision, sealer: Sealer) -> None:
    """Link to a known person, make a new one, or decline; with a reason, once."""
    now = clock.now()
    with transaction() as session:
        registration = _waiting(session, actor, registration_id)
        authorize(actor, Permission.REGISTRATION_DECIDE, registration)
        case = _case(session, registration, sealer)
        _require_possible(actor, case, decision)
        registration.decided_at, registration.decided_by = now, actor.account_id
        registration.reason = decision.reason
        person_id = None
        if decision.kind is DecisionKind.DECLINE:
            registration.state = RegistrationState.DECLINED
        else:
            account = enrolment.account_for(session, decision.person_id, case.claims, at=now)
            enrolment.complete(session, sealer, registration, account, case.claims, at=now)
            person_id = account.person_id
        detail = {"decision": decision.kind.value, "doubts": list(registration.doubts)}
        entity = chain.Entity("registration", registration.id, person_id)
        chain.record(
            session,
            actor,
            Action.REGISTRATION_DECIDED,
            entity,
            organisation_id=registration.organisation_id,
            detail=detail,
        )


def _waiting(session: Session, actor: Actor, registration_id: UUID) -> Registration:
    row = session.get(Registration, registration_id, with_for_update=True)
    desks = actor.organisations(*DESK_ROLES)
    if row is None or row.organisation_id is None or row.organisation_id not in desks:
        raise RegistrationNotFound(str(registration_id))
    if row.state is not RegistrationState.WAITING:
        raise AlreadyDecided("decided or superseded")
    return row


def _case(session: Session, registration: Registration, sealer: Sealer) -> Case:
    evidence = Evidence.open(sealer, registration.id, registration.evidence)
    claims = evidence.claims
    applicant = Applicant(
        claims.name, claims.born_on, claims.sex, claims.address, claims.name_substitutes
    )
    known = people_like(session, sealer, claims)
    return Case(
        registration_id=registration.id,
        signed_at=registration.signed_at,
        intent=registration.intent,
        doubts=tuple(registration.doubts),
        claims=claims,
        likenesses=tuple(
            _likeness(session, applicant, one) for one in known if likeness(applicant, one)
        ),
    )


def _likeness(session: Session, applicant: Applicant, one: KnownPerson) -> Likeness:
    account = queries.account_of_person(session, one.person_id)
    return Likeness(
        person_id=one.person_id,
        name=one.name,
        same_name=normalised_name(applicant.name) == normalised_name(one.name),
        same_sex=applicant.sex == one.sex,
        same_address=same_address(applicant.address, one.address) if one.address else None,
        has_cards=bool(account and queries.live_credentials_of(session, account.id)),
    )


def _require_possible(actor: Actor, case: Case, decision: Decision) -> None:
    if decision.kind is DecisionKind.CREATE and case.claims.born_on is None:
        raise ImpossibleDecision("nobody new without an exact birth date")
    if decision.kind is not DecisionKind.LINK:
        return
    if decision.person_id == actor.person_id:
        raise OwnRegistration("own registration")
    if decision.person_id not in {one.person_id for one in case.likenesses}:
        raise ImpossibleDecision("not one of those who may be meant")
