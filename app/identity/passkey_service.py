"""Use cases of passkeys: enrol one after the card, and log in with it.

The login happens before there is an actor, as with the card (``service.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.core.ids import new_id
from app.identity import credentials, passkeys, queries
from app.identity.errors import (
    AccountClosed,
    ChallengeGone,
    PasskeyCopied,
    PasskeyRemoved,
    PasskeyTaken,
    PasskeyTooLate,
    PasskeyUnknown,
    TooManyPasskeys,
)
from app.identity.models import Account, Passkey
from app.identity.service import (
    KnownHolder,
    Purpose,
    consume_challenge,
    new_challenge,
    require_same_person,
)

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.identity.passkeys import (
        RelyingParty,
        UnverifiedAssertion,
        UnverifiedRegistration,
        VerifiedPasskey,
    )

MOST_PASSKEYS = 10


@dataclass(frozen=True)
class Enrolment:
    """A passkey the browser says it made, and what the person calls it (up to 64 characters)."""

    registration: UnverifiedRegistration
    label: str
    session_hash: str


@dataclass(frozen=True)
class PasskeyAnswer:
    """What a passkey is said to have signed; ``session_of`` as in ``CardAnswer``."""

    assertion: UnverifiedAssertion
    session_hash: str
    session_of: UUID | None = None


def begin_enrolment(actor: Actor, party: RelyingParty, session_hash: str) -> dict[str, Any]:
    """What the browser needs to make a passkey for the actor. Only with the card."""
    authorize(actor, Permission.PASSKEY_ADD)
    with transaction() as session:
        held = session.scalars(queries.passkeys_visible_to(actor)).all()
    if len(held) >= MOST_PASSKEYS:
        raise TooManyPasskeys("as many passkeys as an account may hold")
    nonce = new_challenge(session_hash, Purpose.PASSKEY_ENROLMENT)
    owner = passkeys.PasskeyOwner(actor.account_id, actor.name)
    return passkeys.creation_options(party, owner, [row.credential_data for row in held], nonce)


def enrol_passkey(actor: Actor, party: RelyingParty, enrolment: Enrolment) -> Passkey:
    """Add a passkey to the actor's account. Only with the card; each refusal is audited."""
    authorize(actor, Permission.PASSKEY_ADD)
    try:
        _consume(enrolment.registration.nonce, enrolment.session_hash, Purpose.PASSKEY_ENROLMENT)
        made = passkeys.verify_registration(party, enrolment.registration)
        return _keep(actor, made, enrolment.label)
    except TsunaguError as refusal:
        entity = chain.Entity("account", actor.account_id, actor.person_id)
        _record_refusal(actor, Action.PASSKEY_REFUSED, entity, {"reason": refusal.code})
        raise


def begin_passkey_login(party: RelyingParty, session_hash: str) -> dict[str, Any]:
    """What the browser needs to ask the person for one of their passkeys."""
    nonce = new_challenge(session_hash, Purpose.PASSKEY_LOGIN)
    return passkeys.request_options(party, nonce)


def log_in_with_passkey(party: RelyingParty, answer: PasskeyAnswer) -> KnownHolder:
    """Prove who holds the passkey. Each refusal is its own type, and audited."""
    try:
        holder = _identify(party, answer)
        require_same_person(holder, answer.session_of)
    except TsunaguError as refusal:
        detail = {"reason": refusal.code, "acr": "passkey"}
        _record_refusal(None, Action.LOGIN_REFUSED, chain.Entity("session"), detail)
        raise
    with transaction() as session:
        entity = chain.Entity("account", holder.account_id, holder.person_id)
        chain.record(session, None, Action.LOGIN_SUCCEEDED, entity, detail={"acr": "passkey"})
    return holder


def _identify(party: RelyingParty, answer: PasskeyAnswer) -> KnownHolder:
    assertion = answer.assertion
    _consume(assertion.nonce, answer.session_hash, Purpose.PASSKEY_LOGIN)
    with transaction() as session:
        passkey = queries.passkey_named(session, assertion.credential_id)
        if passkey is None or passkey.account_id.bytes != assertion.account_id:
            raise PasskeyUnknown("no such passkey")
        if passkey.removed_at is not None:
            raise PasskeyRemoved("taken off the account")
        shown = passkeys.verify_assertion(party, assertion, passkey.credential_data)
        _require_counter_grew(passkey.sign_count, shown)
        account = queries.open_account(session, passkey.account_id)
        if account is None:
            raise AccountClosed("account closed")
        passkey.sign_count, passkey.last_used_at = shown, clock.now()
        return KnownHolder(account.id, account.person_id, account.person.name)


def _require_counter_grew(known: int, shown: int) -> None:
    """WebAuthn §6.1.1: zero on both sides means a device that does not count."""
    if (known or shown) and shown <= known:
        raise PasskeyCopied(known, shown)


def _keep(actor: Actor, made: VerifiedPasskey, label: str) -> Passkey:
    with transaction() as session:
        session.get_one(Account, actor.account_id, with_for_update=True)
        if len(session.scalars(queries.passkeys_visible_to(actor)).all()) >= MOST_PASSKEYS:
            raise TooManyPasskeys("as many passkeys as an account may hold")
        passkey = Passkey(
            id=new_id(),
            account_id=actor.account_id,
            credential_id=made.credential_id,
            credential_data=made.credential_data,
            sign_count=made.sign_count,
            label=label,
            added_at=clock.now(),
        )
        _add_once(session, passkey)
        credentials.tell(session, actor.account_id, "passkey-added")
        entity = chain.Entity("passkey", passkey.id, actor.person_id)
        chain.record(session, actor, Action.PASSKEY_ADDED, entity)
        return passkey


def _add_once(session: Session, passkey: Passkey) -> None:
    try:
        with session.begin_nested():
            session.add(passkey)
    except IntegrityError as conflict:
        raise PasskeyTaken("a passkey of this id exists") from conflict


def _consume(nonce: str, session_hash: str, purpose: Purpose) -> None:
    try:
        consume_challenge(nonce, session_hash, purpose)
    except ChallengeGone as gone:
        raise PasskeyTooLate("no such challenge for this session") from gone


def _record_refusal(
    agent: Actor | None, action: Action, entity: chain.Entity, detail: dict[str, Any]
) -> None:
    with transaction() as session:
        chain.record(session, agent, action, entity, outcome=Outcome.REFUSED, detail=detail)
