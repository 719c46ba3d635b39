"""Use cases of an application for use (利用申請): present the card, write the text, sign it.

They happen before there is an actor, or in an open session, whose owner is then the second proof.
``app/identity/matching.py`` decides; everything doubtful waits for the municipality's desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.core.ids import new_id
from app.crypto.tokens import new_token
from app.identity import application_text, enrolment, queries
from app.identity.errors import (
    AlreadyRegistered,
    AnotherPersonsCredential,
    NoDeskForAddress,
    RegistrationTooLate,
    RegistrationWaiting,
    TooYoungToApply,
)
from app.identity.evidence import Claims, Evidence, status_words
from app.identity.matching import Finding
from app.identity.presented import PresentedCard
from app.identity.recognition import Sitting, recognise
from app.identity.registration_models import Registration, RegistrationState
from app.identity.service import CardAnswer, KnownHolder, Purpose, consume_challenge
from app.jpki.authentication import UnverifiedToken, verify_login
from app.jpki.challenge import Challenge
from app.jpki.evidence import Act
from app.jpki.revocation import CheckPurpose

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.identity.application_text import Intent
    from app.identity.matching import Verdict
    from app.identity.service import CardVerifier
    from app.identity.stable_id import StableIdentifiers
    from app.jpki.document import VerifiedSigner
    from app.jpki.evidence import EvidenceDesk

SIGNATURE_AGE = 15
"""The signature certificate is not issued to younger children."""


@dataclass(frozen=True)
class Registrar:
    """What it takes to take an application in.

    ``desk_for``: the municipality that answers for an address, or None where none here does.
    """

    verifier: CardVerifier
    evidence: EvidenceDesk
    sealer: Sealer
    stable_ids: StableIdentifiers
    desk_for: Callable[[str], UUID | None]


@dataclass(frozen=True)
class ApplicationEntry:
    """What the applicant says: how the name is read, and what the certificates are for."""

    family_kana: str
    given_kana: str
    intent: Intent


@dataclass(frozen=True)
class Draft:
    """An application ready to be signed; ``text`` is what the agent shows."""

    registration_id: UUID
    entry: ApplicationEntry
    text: str


@dataclass(frozen=True)
class SignedApplication:
    """A draft with the signature the browser brought, and whose open session it came from."""

    card: PresentedCard
    draft: Draft
    cms: bytes
    actor: Actor | None = None


@dataclass(frozen=True)
class Admission:
    """How it ended. ``holder`` is None while the application waits for the desk."""

    registration_id: UUID
    change: str
    holder: KnownHolder | None


@dataclass(frozen=True)
class _Proved:
    """An application whose signature was proved at ``at``; ``pdf`` is the proof."""

    signed: SignedApplication
    signer: VerifiedSigner
    claims: Claims
    pdf: bytes
    at: datetime


def present_card(verifier: CardVerifier, answer: CardAnswer) -> PresentedCard:
    """Prove a card that opens no account yet. Each refusal is its own type, and audited."""
    try:
        return _present(verifier, answer)
    except TsunaguError as refusal:
        _record_refusal(None, refusal)
        raise


def draft_application(card: PresentedCard, entry: ApplicationEntry) -> Draft:
    """The text to be signed, naming the card that was presented."""
    now, registration_id = clock.now(), new_id()
    if not card.is_fresh(now):
        raise RegistrationTooLate("the card was presented too long ago")
    application = application_text.Application(
        kana=f"{entry.family_kana}\u3000{entry.given_kana}".strip(),
        intent=entry.intent,
        certificate_mark=card.mark,
        asked_at=now,
        reference=str(registration_id),
        nonce=new_token(),
    )
    return Draft(registration_id, entry, application_text.write(application))


def submit(registrar: Registrar, signed: SignedApplication) -> Admission:
    """Prove the signature, find out who it is, and open or extend the account, or ask the desk."""
    if signed.actor is not None:
        authorize(signed.actor, Permission.CREDENTIAL_ADD)
    try:
        proved = _prove(registrar, signed)
        with transaction() as session:
            return _take_in(session, registrar, proved)
    except TsunaguError as refusal:
        _record_refusal(signed.draft.registration_id, refusal)
        raise


def _present(verifier: CardVerifier, answer: CardAnswer) -> PresentedCard:
    consume_challenge(answer.nonce, answer.session_hash, Purpose.REGISTRATION)
    token, now = UnverifiedToken.from_json(answer.token), clock.now()
    challenge = Challenge(nonce=answer.nonce, origin=verifier.origin)
    holder = verify_login(
        token, challenge, verifier.trust, verifier.status, at=now, purpose=CheckPurpose.REGISTRATION
    )
    name = holder.credential
    with transaction() as session:
        credential = queries.credential_named(session, name.issuer_key_id, name.serial)
        if credential is not None:
            raise AlreadyRegistered("opens an account already")
        latest = queries.latest_registration(session, name.issuer_key_id, name.serial)
        if latest is not None and latest.state is RegistrationState.WAITING:
            raise RegistrationWaiting("waits for the desk")
    return PresentedCard.of(
        holder,
        token.certificate_der,
        nonce=answer.nonce,
        token=dict(answer.token),
        status=status_words(holder.status),
        at=now,
    )


def _prove(registrar: Registrar, signed: SignedApplication) -> _Proved:
    now = clock.now()
    if not signed.card.is_fresh(now):
        raise RegistrationTooLate("the card was presented too long ago")
    reference = str(signed.draft.registration_id)
    act = Act(application_text.TITLE, reference, CheckPurpose.REGISTRATION, signed.card.since)
    sealed = registrar.evidence.accept(signed.cms, signed.draft.text, act, at=now)
    signer = sealed.signer
    entry = signed.draft.entry
    claims = Claims.of(signer.attributes, entry.family_kana, entry.given_kana)
    if claims.age_on(clock.japanese_day(now)) < SIGNATURE_AGE:
        raise TooYoungToApply("under fifteen")
    return _Proved(signed, signer, claims, sealed.pdf, now)


def _take_in(session: Session, registrar: Registrar, proved: _Proved) -> Admission:
    """The first event takes the chain's lock, so that of two at once the later sees the earlier."""
    registration, signed = _registration(registrar, proved), proved.signed
    entity = chain.Entity("registration", registration.id)
    chain.record(session, signed.actor, Action.REGISTRATION_SIGNED, entity)
    stable_id = registrar.stable_ids.identifier_of(proved.signer.credential)
    session_of = signed.actor.account_id if signed.actor else None
    sitting = Sitting(signed.card, proved.signer, proved.claims, stable_id, session_of)
    verdict = recognise(session, registrar.sealer, sitting)
    if verdict.finding is Finding.SOMEBODY_ELSE:
        raise AnotherPersonsCredential("the signature is not of whose session this is")
    if verdict.finding is Finding.DOUBTFUL:
        return _wait(session, registrar, registration, proved, verdict)
    session.add(registration)
    account = enrolment.account_for(session, verdict.person_id, proved.claims, at=proved.at)
    change = enrolment.complete(
        session, registrar.sealer, registration, account, proved.claims, at=proved.at
    )
    account.stable_id = stable_id or account.stable_id
    _close_waiting(session, registration, proved.at)
    entity = chain.Entity("registration", registration.id, account.person_id)
    detail = {"change": change, "account": str(account.id)}
    chain.record(session, signed.actor, Action.REGISTRATION_COMPLETED, entity, detail=detail)
    person = account.person
    return Admission(registration.id, change, KnownHolder(account.id, person.id, person.name))


def _wait(
    session: Session,
    registrar: Registrar,
    registration: Registration,
    proved: _Proved,
    verdict: Verdict,
) -> Admission:
    desk = registrar.desk_for(proved.claims.address)
    if desk is None:
        raise NoDeskForAddress("no municipality here answers for this address")
    registration.state, registration.decided_at = RegistrationState.WAITING, None
    registration.organisation_id = desk
    registration.doubts = sorted(doubt.value for doubt in verdict.doubts)
    _close_waiting(session, registration, proved.at)
    session.add(registration)
    return Admission(registration.id, "waiting", None)


def _close_waiting(session: Session, registration: Registration, at: datetime) -> None:
    """A newer application with the same certificate takes the place of those that wait."""
    name = (registration.sign_issuer_key_id, registration.sign_serial)
    for older in queries.waiting_registrations_named(session, *name):
        if older.id != registration.id:
            older.state, older.decided_at = RegistrationState.SUPERSEDED, at


def _registration(registrar: Registrar, proved: _Proved) -> Registration:
    signed, signer = proved.signed, proved.signer
    evidence = Evidence(
        text=signed.draft.text,
        cms=signed.cms,
        pdf=proved.pdf,
        token=signed.card.token,
        login_nonce=signed.card.nonce,
        origin=registrar.verifier.origin,
        statuses={"login": signed.card.status, "signature": status_words(signer.status)},
        simulated=signer.simulated,
        claims=proved.claims,
    )
    return Registration(
        id=signed.draft.registration_id,
        state=RegistrationState.COMPLETED,
        intent=signed.draft.entry.intent,
        doubts=[],
        signed_at=proved.at,
        decided_at=proved.at,
        auth_issuer_key_id=signed.card.issuer_key_id,
        auth_serial=signed.card.serial,
        auth_not_after=signed.card.ends_at,
        sign_issuer_key_id=signer.credential.issuer_key_id,
        sign_serial=signer.credential.serial,
        sign_not_after=signer.not_after,
        evidence=evidence.seal(registrar.sealer, signed.draft.registration_id),
    )


def _record_refusal(registration_id: UUID | None, refusal: TsunaguError) -> None:
    with transaction() as session:
        chain.record(
            session,
            None,
            Action.REGISTRATION_REFUSED,
            chain.Entity("registration", registration_id),
            outcome=Outcome.REFUSED,
            detail={"reason": refusal.code},
        )
