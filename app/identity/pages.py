"""What the page of one's own account shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.authz.actor import Assurance
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import reading
from app.identity import queries
from app.web.session import handle_of, is_live, is_locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from app.authz.actor import Actor
    from app.identity.models import Credential, Passkey
    from app.identity.openid_models import PhoneLink
    from app.web.models import BrowserSession

SOON = timedelta(days=92)
"""Certificates can be renewed at the municipality from three months before their last day."""


@dataclass(frozen=True)
class OpenSession:
    """One browser that is logged in; ``handle`` names it without giving anything away."""

    handle: str
    is_this: bool
    is_locked: bool
    assurance: Assurance
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Ending:
    """The last day of a certificate."""

    last_on: date


@dataclass(frozen=True)
class AccountPage:
    """Live credentials and sessions of the actor; ``at`` is the moment they were read."""

    cards: Sequence[Credential]
    passkeys: Sequence[Passkey]
    phones: Sequence[PhoneLink]
    sessions: Sequence[OpenSession]
    at: datetime


def account(actor: Actor, session_hash: str) -> AccountPage:
    """The actor's ways to log in and open sessions, this one first."""
    authorize(actor, Permission.ACCOUNT_READ)
    now = clock.now()
    with reading() as session:
        rows = session.scalars(queries.sessions_visible_to(actor)).all()
        sessions = [_opened(row, session_hash, now) for row in rows if is_live(row, now)]
        return AccountPage(
            cards=session.scalars(queries.credentials_visible_to(actor)).all(),
            passkeys=session.scalars(queries.passkeys_visible_to(actor)).all(),
            phones=session.scalars(queries.phones_visible_to(actor)).all(),
            sessions=sorted(sessions, key=lambda one: not one.is_this),
            at=now,
        )


def endings(actor: Actor) -> tuple[Ending, ...]:
    """Days on which certificates of the actor end within three months, each once."""
    authorize(actor, Permission.ACCOUNT_READ)
    now = clock.now()
    with reading() as session:
        rows = session.scalars(queries.credentials_visible_to(actor)).all()
    days = {clock.japanese_day(row.not_after) for row in rows if now < row.not_after <= now + SOON}
    return tuple(Ending(day) for day in sorted(days))


def _opened(row: BrowserSession, session_hash: str, now: datetime) -> OpenSession:
    return OpenSession(
        handle=handle_of(row),
        is_this=row.id_hash == session_hash,
        is_locked=is_locked(row, now),
        assurance=Assurance(row.assurance),
        started_at=row.created_at,
        seen_at=row.seen_at,
    )
