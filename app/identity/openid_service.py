"""Use cases of the phone: add it after the card, log in with it, take it off.

The login happens before there is an actor, as with the card (``service.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.core.ids import new_id
from app.identity import credentials, queries
from app.identity.errors import AccountClosed, ChallengeGone, CredentialGone
from app.identity.models import Account
from app.identity.openid import Attempt
from app.identity.openid_errors import (
    PhoneCancelled,
    PhoneMixedUp,
    PhoneNotLinked,
    PhoneRefusedThere,
    PhoneTaken,
    PhoneTooLate,
    PhoneUnavailable,
    TooManyPhones,
)
from app.identity.openid_models import PhoneLink
from app.identity.service import (
    ERRAND_LIFE,
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
    from app.identity.openid import VerifiedPhone
    from app.identity.openid_provider import OpenIdProvider

MOST_PHONES = 5
_CANCELLED = frozenset({"access_denied", "login_required", "interaction_required"})
_DOWN = frozenset({"temporarily_unavailable", "server_error"})


@dataclass(frozen=True)
class ThisBrowser:
    """The browser a login happens in; ``session_of``: the account it is logged in to, if any."""

    session_hash: str
    secret: str = field(repr=False)
    session_of: UUID | None = None


@dataclass(frozen=True)
class PhoneAnswer:
    """What the provider's redirect carried. Nothing in it is proved."""

    state: str
    code: str = field(repr=False)
    issuer: str | None
    error: str | None


def begin_phone_login(provider: OpenIdProvider, browser: ThisBrowser, back: str) -> str:
    """The provider's address for one login of this browser; ``back`` is our own."""
    return _begin(provider, browser, back, Purpose.PHONE_LOGIN)


def log_in_with_phone(
    provider: OpenIdProvider, browser: ThisBrowser, answer: PhoneAnswer, back: str
) -> KnownHolder:
    """Prove whom the provider authenticated. Each refusal is its own type, and audited."""
    try:
        phone = _prove(provider, browser, answer, back, Purpose.PHONE_LOGIN)
        holder = _account_of(phone)
        require_same_person(holder, browser.session_of)
    except TsunaguError as refusal:
        detail = {"reason": refusal.code, "acr": "phone"}
        _record_refusal(None, Action.LOGIN_REFUSED, chain.Entity("session"), detail)
        raise
    with transaction() as session:
        entity = chain.Entity("account", holder.account_id, holder.person_id)
        detail = {"acr": "phone", "upstream": phone.acr}
        chain.record(session, None, Action.LOGIN_SUCCEEDED, entity, detail=detail)
    return holder


def begin_phone_link(
    actor: Actor, provider: OpenIdProvider, browser: ThisBrowser, back: str
) -> str:
    """The provider's address for adding the actor's phone. Only with the card."""
    authorize(actor, Permission.PHONE_ADD)
    with transaction() as session:
        _require_room(session, actor)
    return _begin(provider, browser, back, Purpose.PHONE_LINK)


def link_phone(
    actor: Actor, provider: OpenIdProvider, browser: ThisBrowser, answer: PhoneAnswer, back: str
) -> PhoneLink:
    """Add the phone to the actor's account. Only with the card; each refusal is audited."""
    authorize(actor, Permission.PHONE_ADD)
    try:
        phone = _prove(provider, browser, answer, back, Purpose.PHONE_LINK)
        return _keep(actor, phone)
    except TsunaguError as refusal:
        entity = chain.Entity("account", actor.account_id, actor.person_id)
        _record_refusal(actor, Action.PHONE_REFUSED, entity, {"reason": refusal.code})
        raise


def remove_phone(actor: Actor, phone_id: UUID, session_hash: str) -> None:
    """Take a phone off the account; what it opened elsewhere ends with it."""
    with transaction() as session:
        session.get_one(Account, actor.account_id, with_for_update=True)
        live = session.scalars(queries.phones_visible_to(actor)).all()
        phone = next((row for row in live if row.id == phone_id), None)
        if phone is None:
            raise CredentialGone("no such phone of the actor")
        authorize(actor, Permission.CREDENTIAL_REMOVE, phone)
        phone.removed_at = clock.now()
        ended = _end_elsewhere(session, actor, session_hash)
        entity = chain.Entity("phone", phone.id, actor.person_id)
        detail = {"kind": "phone", "sessions": ended}
        chain.record(session, actor, Action.CREDENTIAL_REMOVED, entity, detail=detail)
        credentials.tell(session, actor.account_id, "phone-removed")


def _begin(provider: OpenIdProvider, browser: ThisBrowser, back: str, purpose: Purpose) -> str:
    state = new_challenge(browser.session_hash, purpose, life=ERRAND_LIFE)
    return provider.address_for(Attempt(state, browser.secret), back)


def _prove(
    provider: OpenIdProvider,
    browser: ThisBrowser,
    answer: PhoneAnswer,
    back: str,
    purpose: Purpose,
) -> VerifiedPhone:
    """State first, once; then who answers (RFC 9207), then what: an error, or a code to redeem."""
    try:
        consume_challenge(answer.state, browser.session_hash, purpose)
    except ChallengeGone as gone:
        raise PhoneTooLate("no such login of this browser") from gone
    if answer.issuer != provider.issuer and (answer.issuer or provider.names_itself()):
        raise PhoneMixedUp("another issuer's answer")
    if answer.error in _CANCELLED:
        raise PhoneCancelled(answer.error)
    if answer.error in _DOWN:
        raise PhoneUnavailable(answer.error)
    if answer.error or not answer.code:
        raise PhoneRefusedThere("the provider refused")
    return provider.redeem(answer.code, Attempt(answer.state, browser.secret), back)


def _account_of(phone: VerifiedPhone) -> KnownHolder:
    with transaction() as session:
        link = queries.phone_named(session, phone.issuer, phone.subject)
        if link is None:
            raise PhoneNotLinked("linked to no account")
        account = queries.open_account(session, link.account_id)
        if account is None:
            raise AccountClosed("account closed")
        link.last_used_at = clock.now()
        return KnownHolder(account.id, account.person_id, account.person.name)


def _keep(actor: Actor, phone: VerifiedPhone) -> PhoneLink:
    with transaction() as session:
        session.get_one(Account, actor.account_id, with_for_update=True)
        _require_room(session, actor)
        link = PhoneLink(
            id=new_id(),
            account_id=actor.account_id,
            issuer=phone.issuer,
            subject=phone.subject,
            added_at=clock.now(),
        )
        _add_once(session, link)
        entity = chain.Entity("phone", link.id, actor.person_id)
        chain.record(session, actor, Action.PHONE_ADDED, entity)
        credentials.tell(session, actor.account_id, "phone-added")
        return link


def _require_room(session: Session, actor: Actor) -> None:
    held = session.scalars(queries.phones_visible_to(actor)).all()
    if len(held) >= MOST_PHONES:
        raise TooManyPhones("as many phones as an account may hold")


def _add_once(session: Session, link: PhoneLink) -> None:
    try:
        with session.begin_nested():
            session.add(link)
    except IntegrityError as conflict:
        raise PhoneTaken("this person's app is linked already") from conflict


def _end_elsewhere(session: Session, actor: Actor, session_hash: str) -> int:
    rows = session.scalars(queries.sessions_visible_to(actor)).all()
    elsewhere = [row for row in rows if row.id_hash != session_hash]
    for row in elsewhere:
        session.delete(row)
    return len(elsewhere)


def _record_refusal(
    agent: Actor | None, action: Action, entity: chain.Entity, detail: dict[str, Any]
) -> None:
    with transaction() as session:
        chain.record(session, agent, action, entity, outcome=Outcome.REFUSED, detail=detail)
