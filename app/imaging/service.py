"""Use cases of image sharing: link, request, consent, withdraw, hand out access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.core.ids import new_id
from app.crypto.tokens import new_token
from app.identity import service as identity
from app.imaging import consent_text, queries
from app.imaging.errors import (
    AlreadyAnswered,
    ConsentEnded,
    NothingChosen,
    NotThePatient,
    PatientIdTaken,
)
from app.imaging.grants import GrantAt
from app.imaging.models import (
    Consent,
    Grant,
    IssuedToken,
    PatientLink,
    RequestState,
    ShareRequest,
    StudyReference,
)
from app.jpki.document import verify_document
from app.registry.queries import locked_organisation

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.imaging.tokens import TokenIssuer
    from app.jpki.document import VerifiedSigner

ANSWER_WITHIN = timedelta(days=7)
VIEW_FOR = timedelta(days=14)


@dataclass(frozen=True)
class OfOrganisation:
    """What the policy table needs to know about a place."""

    organisation_id: UUID


@dataclass(frozen=True)
class LinkEntry:
    """A reception's entry: this card holder has this number here."""

    organisation_id: UUID
    person_id: UUID
    local_patient_id: str


@dataclass(frozen=True)
class RequestEntry:
    """What a physician asks for."""

    purpose: str
    study_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Access:
    """A token for one gateway, and how long it lives."""

    token: str
    expires_in: int


def link_patient(actor: Actor, entry: LinkEntry) -> PatientLink:
    """Join the person whose card was just verified to the hospital's own patient number."""
    with transaction() as session:
        authorize(actor, Permission.PATIENT_LINK, OfOrganisation(entry.organisation_id))
        locked_organisation(session, entry.organisation_id)
        existing = session.scalar(
            select(PatientLink).where(
                PatientLink.organisation_id == entry.organisation_id,
                PatientLink.local_patient_id == entry.local_patient_id,
            )
        )
        if existing is not None and existing.person_id != entry.person_id:
            raise PatientIdTaken(str(existing.id))
        link = existing or PatientLink(
            id=new_id(),
            person_id=entry.person_id,
            organisation_id=entry.organisation_id,
            local_patient_id=entry.local_patient_id,
            linked_by=actor.account_id,
            linked_at=clock.now(),
        )
        session.add(link)
        session.flush()
        _record(session, actor, Action.PATIENT_LINKED, "patient_link", link)
        return link


def open_patient(actor: Actor, link_id: UUID) -> PatientLink:
    """Look at what exists elsewhere for a patient registered here."""
    with transaction() as session:
        link = queries.visible_patient(session, actor, link_id)
        authorize(actor, Permission.PATIENT_READ, link)
        _record(session, actor, Action.PATIENT_OPENED, "patient_link", link)
        return link


def request_share(actor: Actor, link_id: UUID, entry: RequestEntry) -> ShareRequest:
    """Ask the patient to let this physician see the chosen studies."""
    with transaction() as session:
        link = queries.visible_patient(session, actor, link_id)
        authorize(actor, Permission.SHARE_REQUEST, link)
        known = {study.id: study for study in queries.studies_elsewhere(session, link)}
        chosen = [known[study_id] for study_id in entry.study_ids if study_id in known]
        if not chosen or not entry.purpose.strip():
            raise NothingChosen("no study or no purpose")
        request = _new_request(actor, link, entry.purpose.strip(), chosen)
        session.add(request)
        session.flush()
        _record(session, actor, Action.SHARE_REQUESTED, "share_request", request)
        return request


def give_consent(
    actor: Actor, request_id: UUID, cms: bytes, verifier: identity.CardVerifier
) -> Grant:
    """Accept the patient's signed declaration and open the grant it stands for."""
    try:
        return _accept_consent(actor, request_id, cms, verifier)
    except TsunaguError as refusal:
        with transaction() as session:
            chain.record(
                session,
                actor,
                Action.CONSENT_REFUSED,
                chain.Entity("share_request", request_id, actor.person_id),
                outcome=Outcome.REFUSED,
                detail={"reason": refusal.code},
            )
        raise


def decline(actor: Actor, request_id: UUID) -> ShareRequest:
    """The patient says no."""
    with transaction() as session:
        request = queries.request_to_answer(session, actor, request_id)
        authorize(actor, Permission.CONSENT_GIVE, request)
        _require_waiting(request, clock.now())
        request.state = RequestState.REFUSED
        _record(session, actor, Action.CONSENT_REFUSED, "share_request", request)
        return request


def withdraw_consent(actor: Actor, grant_id: UUID) -> None:
    """End a grant. Tokens already out die within their five minutes."""
    with transaction() as session:
        grant = queries.visible_grant(session, actor, grant_id)
        authorize(actor, Permission.CONSENT_WITHDRAW, grant)
        now = clock.now()
        if grant.ended_at is None:
            grant.ended_at = now
            grant.consent.withdrawn_at = now
            _record(session, actor, Action.CONSENT_WITHDRAWN, "image_grant", grant)


def open_viewer(actor: Actor, grant_id: UUID) -> Grant:
    """Open the viewer on a grant that is in force."""
    with transaction() as session:
        grant = queries.visible_grant(session, actor, grant_id)
        _require_in_force(actor, grant, clock.now())
        _record(session, actor, Action.IMAGE_OPENED, "image_grant", grant)
        return grant


def issue_token(actor: Actor, grant_id: UUID, gateway_id: UUID, issuer: TokenIssuer) -> Access:
    """A token of at most five minutes for one gateway, if consent, licence and place hold now."""
    now = clock.now()
    with transaction() as session:
        grant = queries.visible_grant(session, actor, grant_id)
        at = _require_in_force(actor, grant, now)
        studies = [
            study.study_instance_uid
            for study in grant.request.studies
            if study.gateway_id == gateway_id
        ]
        if not studies:
            raise ConsentEnded("no study of this grant at that gateway")
        issued = IssuedToken(
            id=new_id(),
            grant_id=grant.id,
            gateway_id=gateway_id,
            issued_at=now,
            expires_at=at.token_expires_at,
        )
        session.add(issued)
        _record(session, actor, Action.IMAGE_TOKEN_ISSUED, "image_grant", grant)
        token = issuer.issue(issued, account_id=actor.account_id, studies=studies)
        return Access(token, int((issued.expires_at - now).total_seconds()))


def _accept_consent(
    actor: Actor, request_id: UUID, cms: bytes, verifier: identity.CardVerifier
) -> Grant:
    with transaction() as session:
        request = queries.request_to_answer(session, actor, request_id)
        authorize(actor, Permission.CONSENT_GIVE, request)
        now = clock.now()
        _require_waiting(request, now)
        signer = verify_document(cms, request.document, verifier.trust, verifier.status, at=now)
        owner = identity.signature_credential_owner(session, signer.credential)
        if owner != request.person_id:
            raise NotThePatient("signed by somebody else")
        grant = _new_grant(session, request, cms, signer, now)
        request.state = RequestState.CONSENTED
        _record(session, actor, Action.CONSENT_GIVEN, "image_grant", grant)
        return grant


def _new_request(
    actor: Actor, link: PatientLink, purpose: str, studies: list[StudyReference]
) -> ShareRequest:
    now, request_id = clock.now(), new_id()
    until = now + VIEW_FOR
    declaration = consent_text.Declaration(
        patient=link.person.name,
        patient_born_on=link.person.born_on,
        organisation=link.organisation.name,
        physician=actor.name,
        purpose=purpose,
        studies=tuple(_line(study) for study in studies),
        until_at=until,
        request_id=str(request_id),
        nonce=new_token(),
    )
    return ShareRequest(
        id=request_id,
        person_id=link.person_id,
        account_id=actor.account_id,
        organisation_id=link.organisation_id,
        purpose=purpose,
        state=RequestState.WAITING,
        document=consent_text.write(declaration),
        requested_at=now,
        answer_by=now + ANSWER_WITHIN,
        view_until=until,
        studies=studies,
    )


def _line(study: StudyReference) -> consent_text.StudyLine:
    return consent_text.StudyLine(
        hospital=study.gateway.organisation.name,
        study_date=study.study_date,
        modalities=tuple(study.modalities),
        description=study.description,
        study_instance_uid=study.study_instance_uid,
    )


def _new_grant(
    session: Session, request: ShareRequest, cms: bytes, signer: VerifiedSigner, now: datetime
) -> Grant:
    consent = Consent(
        id=new_id(),
        request_id=request.id,
        person_id=request.person_id,
        document=request.document,
        cms=cms,
        evidence=_evidence(signer),
        given_at=now,
    )
    session.add(consent)
    session.flush()
    grant = Grant(
        id=new_id(),
        request_id=request.id,
        consent_id=consent.id,
        person_id=request.person_id,
        account_id=request.account_id,
        organisation_id=request.organisation_id,
        granted_at=now,
        until_at=request.view_until,
    )
    session.add(grant)
    session.flush()
    return grant


def _evidence(signer: VerifiedSigner) -> dict[str, object]:
    """What was proved about the signature at that moment, kept beside it."""
    claimed = signer.claimed_signing_time
    return {
        "issuer_key_id": signer.credential.issuer_key_id,
        "serial": signer.credential.serial,
        "claimed_signing_time": claimed.isoformat() if claimed else None,
        "status_source": signer.status.source.value,
        "status_as_of": signer.status.as_of.isoformat(),
        "status_good_until": signer.status.good_until.isoformat(),
        "simulated": signer.simulated,
    }


def _require_waiting(request: ShareRequest, now: datetime) -> None:
    queries.lapse(request, now)
    if request.state != RequestState.WAITING:
        raise AlreadyAnswered(str(request.id))


def _require_in_force(actor: Actor, grant: Grant, now: datetime) -> GrantAt:
    at = GrantAt(
        id=grant.id,
        account_id=grant.account_id,
        organisation_id=grant.organisation_id,
        until_at=grant.until_at,
        ended_at=grant.ended_at,
        at=now,
    )
    if not at.in_force:
        raise ConsentEnded(str(grant.id))
    authorize(actor, Permission.IMAGE_VIEW, at)
    return at


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    kind: str,
    thing: PatientLink | ShareRequest | Grant,
) -> None:
    """Audit with the place where it was done; a patient acts for themselves, at no place."""
    own = actor.person_id == thing.person_id
    entity = chain.Entity(kind, thing.id, thing.person_id)
    place = None if own else thing.organisation_id
    chain.record(session, actor, action, entity, organisation_id=place)
