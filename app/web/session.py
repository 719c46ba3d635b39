"""Sessions that live in the database, so that they can be listed and ended there.

The cookie carries 256 random bits; the table knows only their SHA-256. Reading a session whose
limits have passed gives an empty new one. ``rotate`` changes the id at every change of level.
A session that locks is not ended by idleness: it waits, closed, until its owner proves again who
they are or its absolute limit passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete
from typing_extensions import override
from werkzeug.datastructures import CallbackDict

from app.authz.actor import Assurance
from app.core import clock
from app.core.db import reading, transaction
from app.crypto.digests import sha256_hex
from app.crypto.tokens import TOKEN_LENGTH, new_token
from app.web.models import BrowserSession

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask, Request, Response

ANONYMOUS_LIFE = timedelta(hours=2)
SEEN_STEP = timedelta(seconds=30)


@dataclass(frozen=True)
class Limits:
    """How long a session lasts unused, how long at most, and whether idleness locks or ends it."""

    idle: timedelta
    life: timedelta
    locks: bool = False


class ServerSession(CallbackDict[str, Any], SessionMixin):
    """What the views see. Only JSON values may be kept in it."""

    def __init__(self, token: str, row: BrowserSession | None) -> None:
        super().__init__(row.data if row else None, on_update=self._touched)
        self.token = token
        self.replaced: list[str] = []
        self.account_id: UUID | None = row.account_id if row else None
        self.assurance = Assurance(row.assurance) if row else Assurance.NONE
        self.created_at: datetime = row.created_at if row else clock.now()
        self.seen_at: datetime | None = row.seen_at if row else None
        self.idle = timedelta(seconds=row.idle_seconds) if row else ANONYMOUS_LIFE
        self.expires_at: datetime = row.expires_at if row else self.created_at + ANONYMOUS_LIFE
        self.locks: bool = row.locks if row else False
        self.locked_at: datetime | None = _lock_of(row, clock.now()) if row else None
        self.passive = False
        self.new = row is None
        self.modified = False
        self.accessed = False

    @staticmethod
    def _touched(session: CallbackDict[str, Any]) -> None:
        session.modified = True  # type: ignore[attr-defined]

    @property
    def id_hash(self) -> str:
        """What names this session in the database and binds challenges to it."""
        return sha256_hex(self.token.encode())

    def rotate(self) -> None:
        """A new id for the same data; the old id is worthless from the next answer on."""
        if not self.new:
            self.replaced.append(self.id_hash)
        self.token = new_token()
        self.new = True
        self.modified = True

    @property
    def locked(self) -> bool:
        """Whether its owner has to prove again who they are."""
        return self.locked_at is not None

    def open_for(self, account_id: UUID, assurance: Assurance, limits: Limits) -> None:
        """Turn this browser's session into that of a person, under a new id."""
        self.rotate()
        self.pop("csrf_token", None)
        self.account_id = account_id
        self.assurance = assurance
        self.created_at = clock.now()
        self.expires_at = self.created_at + limits.life
        self.limit(limits)

    def limit(self, limits: Limits) -> None:
        """Other limits from now on, because the person's role changed; the absolute end stays."""
        self.idle, self.locks, self.locked_at = limits.idle, limits.locks, None
        self.modified = True

    def lock(self) -> None:
        """Close it until its owner proves again who they are."""
        self.locked_at = self.locked_at or clock.now()
        self.modified = True

    def close(self) -> None:
        """Sign out: forget everything, under a new id."""
        self.rotate()
        self.clear()
        self.account_id = None
        self.assurance = Assurance.NONE
        self.idle, self.locks, self.locked_at = ANONYMOUS_LIFE, False, None
        self.expires_at = clock.now() + ANONYMOUS_LIFE


class DatabaseSessions(SessionInterface):
    """Flask's session interface over the table ``browser_session``."""

    def __init__(self, *, secure: bool) -> None:
        self.secure = secure
        self.cookie = "__Host-tsunagu" if secure else "tsunagu"

    @override
    def open_session(self, app: Flask, request: Request) -> ServerSession:
        """The browser's live session, or an empty one."""
        token = request.cookies.get(self.cookie, "")
        row = _live_row(token) if len(token) == TOKEN_LENGTH else None
        return ServerSession(token if row else new_token(), row)

    @override
    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store what changed and hand the browser its cookie when the id is new."""
        assert isinstance(session, ServerSession)  # noqa: S101 - open_session made it
        response.headers.add("Vary", "Cookie")
        if session.new and not session.modified:
            return
        now = clock.now()
        if session.modified or _counts_as_use(session, now):
            _store(session, now)
        if session.new:
            response.set_cookie(
                self.cookie,
                session.token,
                path="/",
                secure=self.secure,
                httponly=True,
                samesite="Lax",
            )


def end_expired_sessions() -> int:
    """Delete sessions past their absolute limit; returns how many."""
    with transaction() as session:
        gone = session.execute(
            delete(BrowserSession).where(BrowserSession.expires_at <= clock.now())
        )
        return int(getattr(gone, "rowcount", 0))


def is_live(row: BrowserSession, now: datetime) -> bool:
    """Whether a session can still be used, be it after unlocking."""
    return now < row.expires_at and (row.locks or now < _idle_until(row))


def is_locked(row: BrowserSession, now: datetime) -> bool:
    """Whether a live session waits for its owner."""
    return _lock_of(row, now) is not None


def handle_of(row: BrowserSession) -> str:
    """A name for a session that may stand on a page: nothing can be done with it elsewhere."""
    return sha256_hex(row.id_hash.encode())


def _lock_of(row: BrowserSession, now: datetime) -> datetime | None:
    """Since when it is locked: by hand, or by nobody having used it."""
    idle_until = _idle_until(row)
    return row.locked_at or (idle_until if row.locks and now >= idle_until else None)


def _idle_until(row: BrowserSession) -> datetime:
    return row.seen_at + timedelta(seconds=row.idle_seconds)


def _counts_as_use(session: ServerSession, now: datetime) -> bool:
    """Neither a locked session nor a page that only asks for news is being used."""
    if session.locked or session.passive:
        return False
    return session.seen_at is None or now - session.seen_at > SEEN_STEP


def _live_row(token: str) -> BrowserSession | None:
    with reading() as session:
        row = session.get(BrowserSession, sha256_hex(token.encode()))
    if row is None:
        return None
    return row if is_live(row, clock.now()) else None


def _store(state: ServerSession, now: datetime) -> None:
    with transaction() as session:
        for old in state.replaced:
            session.execute(delete(BrowserSession).where(BrowserSession.id_hash == old))
        row = session.get(BrowserSession, state.id_hash, with_for_update=True)
        if row is None:
            if not state.new:
                return
            row = BrowserSession(id_hash=state.id_hash)
            session.add(row)
        row.account_id = state.account_id
        row.assurance = int(state.assurance)
        row.data = dict(state)
        row.created_at = state.created_at
        if not state.passive or state.seen_at is None:
            row.seen_at = now
        row.idle_seconds = int(state.idle.total_seconds())
        row.expires_at = state.expires_at
        row.locks = state.locks
        row.locked_at = row.locked_at or state.locked_at  # only a new id unlocks
