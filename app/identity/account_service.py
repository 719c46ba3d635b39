"""Use cases of one's own account: take off a credential, end sessions elsewhere.

Whatever is taken off may be in other hands, so every other session of the account ends with it.
None of this asks for the card: who lost it must be able to act at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.identity import credentials, queries
from app.identity.errors import CredentialGone, LastCard, SessionGone
from app.identity.models import Account, Credential, CredentialKind
from app.web.session import handle_of, is_live

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.web.models import BrowserSession


def remove_card(
    actor: Actor, credential_id: UUID, session_hash: str, *, even_the_last: bool = False
) -> None:
    """Take one certificate off the account; the last that logs in only when told so."""
    now = clock.now()
    with transaction() as session:
        session.get_one(Account, actor.account_id, with_for_update=True)
        live = session.scalars(queries.credentials_visible_to(actor)).all()
        credential = next((row for row in live if row.id == credential_id), None)
        if credential is None:
            raise CredentialGone("no such certificate of the actor")
        authorize(actor, Permission.CREDENTIAL_REMOVE, credential)
        others = [row for row in live if row is not credential and row.not_after > now]
        is_last = _logs_in(credential) and not any(_logs_in(row) for row in others)
        if is_last and not even_the_last:
            raise LastCard("the last certificate that can log in")
        credential.removed_at = now
        ended = _end(session, _elsewhere(session, actor, session_hash))
        entity = chain.Entity("credential", credential.id, actor.person_id)
        detail = {"kind": credential.kind.value, "sessions": ended}
        credentials.tell(session, actor.account_id, "card-removed")
        chain.record(session, actor, Action.CREDENTIAL_REMOVED, entity, detail=detail)


def remove_passkey(actor: Actor, passkey_id: UUID, session_hash: str) -> None:
    """Take a passkey off the account."""
    with transaction() as session:
        session.get_one(Account, actor.account_id, with_for_update=True)
        live = session.scalars(queries.passkeys_visible_to(actor)).all()
        passkey = next((row for row in live if row.id == passkey_id), None)
        if passkey is None:
            raise CredentialGone("no such passkey of the actor")
        authorize(actor, Permission.CREDENTIAL_REMOVE, passkey)
        passkey.removed_at = clock.now()
        ended = _end(session, _elsewhere(session, actor, session_hash))
        entity = chain.Entity("passkey", passkey.id, actor.person_id)
        detail = {"kind": "passkey", "sessions": ended}
        credentials.tell(session, actor.account_id, "passkey-removed")
        chain.record(session, actor, Action.CREDENTIAL_REMOVED, entity, detail=detail)


def end_session(actor: Actor, handle: str, session_hash: str) -> None:
    """End one session elsewhere, named by its handle; here one signs out."""
    with transaction() as session:
        rows = _elsewhere(session, actor, session_hash)
        row = next((row for row in rows if handle_of(row) == handle), None)
        if row is None or not is_live(row, clock.now()):
            raise SessionGone("no such session of the actor elsewhere")
        authorize(actor, Permission.SESSION_END, row)
        _record_end(session, actor, _end(session, [row]))


def end_other_sessions(actor: Actor, session_hash: str) -> int:
    """End every session but the one of this browser; returns how many ended."""
    authorize(actor, Permission.SESSION_END, actor)
    with transaction() as session:
        ended = _end(session, _elsewhere(session, actor, session_hash))
        if ended:
            _record_end(session, actor, ended)
        return ended


def record_lock(actor: Actor) -> None:
    """Write down that the person, or nobody touching the page, locked this session."""
    authorize(actor, Permission.ACCOUNT_READ)
    with transaction() as session:
        entity = chain.Entity("account", actor.account_id, actor.person_id)
        chain.record(session, actor, Action.SESSION_LOCKED, entity)


def record_departure(account_id: UUID) -> None:
    """Write down that a locked session was given up; who did it proved nothing."""
    with transaction() as session:
        account = session.get_one(Account, account_id)
        entity = chain.Entity("account", account.id, account.person_id)
        chain.record(session, None, Action.LOGOUT, entity, detail={"locked": True})


def _elsewhere(session: Session, actor: Actor, session_hash: str) -> list[BrowserSession]:
    rows = session.scalars(queries.sessions_visible_to(actor))
    return [row for row in rows if row.id_hash != session_hash]


def _end(session: Session, rows: list[BrowserSession]) -> int:
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def _record_end(session: Session, actor: Actor, ended: int) -> None:
    credentials.tell(session, actor.account_id, "sessions-ended")
    entity = chain.Entity("account", actor.account_id, actor.person_id)
    chain.record(session, actor, Action.SESSIONS_ENDED, entity, detail={"sessions": ended})


def _logs_in(credential: Credential) -> bool:
    return credential.kind is CredentialKind.JPKI_AUTHENTICATION
