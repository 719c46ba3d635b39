"""Use cases of identity: ask for a card's answer, and log in with it.

These two happen before there is an actor, so they take none; everything else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.identity import queries
from app.identity.errors import (
    AccountClosed,
    AnotherPersonsCredential,
    ChallengeGone,
    CredentialReplaced,
    CredentialWasRemoved,
    RegistrationDeclined,
    RegistrationWaiting,
    UnknownCertificate,
)
from app.identity.models import CardChallenge, CredentialKind
from app.identity.registration_models import RegistrationState
from app.jpki.authentication import UnverifiedToken, VerifiedHolder, verify_login
from app.jpki.challenge import Challenge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.core.errors import Rejected
    from app.jpki.names import CredentialName
    from app.jpki.revocation import RevocationSource
    from app.jpki.trust import TrustStore

CHALLENGE_LIFE = timedelta(minutes=5)
ERRAND_LIFE = timedelta(minutes=10)
"""For a login that leaves this site for another app and comes back."""


class Purpose(StrEnum):
    """What an answer to a challenge will be used for. One for one purpose serves no other."""

    LOGIN = "login"
    RECEPTION = "reception"
    REGISTRATION = "registration"
    PASSKEY_ENROLMENT = "passkey-new"
    PASSKEY_LOGIN = "passkey-login"
    PHONE_LOGIN = "phone-login"
    PHONE_LINK = "phone-link"
    CERTIFICATE_LOGIN = "certificate-tls"


@dataclass(frozen=True)
class CardVerifier:
    """What it takes to judge a card's answer: pinned anchors, status source, our own origin."""

    trust: TrustStore
    status: RevocationSource
    origin: str


@dataclass(frozen=True)
class CardAnswer:
    """A card's answer as the browser brought it: nothing in it is trusted yet.

    ``session_of``: the account this browser is logged in to, which only its own card may confirm.
    """

    nonce: str
    token: Mapping[str, object]
    session_hash: str
    session_of: UUID | None = None


@dataclass(frozen=True)
class KnownHolder:
    """A verified holder and the account the certificate belongs to."""

    account_id: UUID
    person_id: UUID
    name: str


def new_challenge(session_hash: str, purpose: Purpose, *, life: timedelta = CHALLENGE_LIFE) -> str:
    """A fresh nonce for this browser session; 5 minutes unless said otherwise, one use."""
    nonce = new_token()
    now = clock.now()
    with transaction() as session:
        session.execute(delete(CardChallenge).where(CardChallenge.expires_at <= now))
        session.add(
            CardChallenge(
                nonce_hash=sha256_hex(nonce.encode()),
                session_hash=session_hash,
                purpose=purpose.value,
                expires_at=now + life,
            )
        )
    return nonce


def log_in_with_card(verifier: CardVerifier, answer: CardAnswer) -> KnownHolder:
    """Prove who holds the card and find the account. Each refusal is its own type, and audited."""
    try:
        holder = identify_holder(verifier, answer, Purpose.LOGIN)
        require_same_person(holder, answer.session_of)
    except TsunaguError as refusal:
        with transaction() as session:
            chain.record(
                session,
                None,
                Action.LOGIN_REFUSED,
                chain.Entity("session"),
                outcome=Outcome.REFUSED,
                detail={"reason": refusal.code},
            )
        raise
    with transaction() as session:
        chain.record(
            session,
            None,
            Action.LOGIN_SUCCEEDED,
            chain.Entity("account", holder.account_id, holder.person_id),
            detail={"acr": "card"},
        )
    return holder


def identify_holder(verifier: CardVerifier, answer: CardAnswer, purpose: Purpose) -> KnownHolder:
    """The account of whoever answered this browser's challenge with a live card just now."""
    consume_challenge(answer.nonce, answer.session_hash, purpose)
    holder = verify_login(
        UnverifiedToken.from_json(answer.token),
        Challenge(nonce=answer.nonce, origin=verifier.origin),
        verifier.trust,
        verifier.status,
        at=clock.now(),
    )
    return account_of_holder(holder)


def consume_challenge(nonce: str, session_hash: str, purpose: Purpose) -> None:
    """Get and remove in one statement: of many simultaneous answers only one gets through."""
    with transaction() as session:
        taken = session.scalar(
            delete(CardChallenge)
            .where(
                CardChallenge.nonce_hash == sha256_hex(nonce.encode()),
                CardChallenge.session_hash == session_hash,
                CardChallenge.purpose == purpose.value,
                CardChallenge.expires_at > clock.now(),
            )
            .returning(CardChallenge.nonce_hash)
        )
    if taken is None:
        raise ChallengeGone("no such challenge for this session")


def require_same_person(holder: KnownHolder, session_of: UUID | None) -> None:
    """A session never changes hands silently; raises ``AnotherPersonsCredential``."""
    if session_of is not None and session_of != holder.account_id:
        raise AnotherPersonsCredential("this browser is somebody else's session")


def record_logout(actor: Actor) -> None:
    """Write down that the person signed out."""
    with transaction() as session:
        entity = chain.Entity("account", actor.account_id, actor.person_id)
        chain.record(session, actor, Action.LOGOUT, entity)


def signature_credential_owner(session: Session, name: CredentialName) -> UUID:
    """The person a signature certificate is registered to; raises ``UnknownCertificate``."""
    credential = queries.credential_named(session, name.issuer_key_id, name.serial)
    if credential is None or credential.kind != CredentialKind.JPKI_SIGNATURE:
        raise UnknownCertificate("signature certificate not registered")
    account = queries.open_account(session, credential.account_id)
    if account is None:
        raise AccountClosed("account closed")
    credential.last_used_at = clock.now()
    return account.person_id


def account_of_holder(holder: VerifiedHolder) -> KnownHolder:
    """The account of a proved certificate; its use is noted. Raises UnknownCertificate."""
    name = holder.credential
    with transaction() as session:
        credential = queries.credential_named(session, name.issuer_key_id, name.serial)
        if credential is None or credential.kind != CredentialKind.JPKI_AUTHENTICATION:
            raise _why_unknown(session, name)
        account = queries.open_account(session, credential.account_id)
        if account is None:
            raise AccountClosed("account closed")
        credential.last_used_at = clock.now()
        return KnownHolder(account.id, account.person_id, account.person.name)


def _why_unknown(session: Session, name: CredentialName) -> Rejected:
    """Of a proved certificate that opens no account: what its holder has to know."""
    latest = queries.latest_registration(session, name.issuer_key_id, name.serial)
    if latest is not None and latest.state is RegistrationState.WAITING:
        return RegistrationWaiting("waits for the desk")
    known = queries.credential_ever_named(session, name.issuer_key_id, name.serial)
    if known is not None and known.removed_at is not None:
        if known.replaced_by is not None:
            return CredentialReplaced("a newer certificate took its place")
        return CredentialWasRemoved("taken off its account")
    if latest is not None and latest.state is RegistrationState.DECLINED:
        return RegistrationDeclined("declined by the desk")
    return UnknownCertificate("certificate not registered")
