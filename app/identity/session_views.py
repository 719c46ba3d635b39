"""The lock of a session: is it open, keep it open, close it, leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from app.crypto.digests import sha256_hex
from app.identity import account_service
from app.web.access import browser_session, current_actor

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("session", __name__, url_prefix="/session")


@bp.get("")
def state() -> ResponseReturnValue:
    """For our own pages: whose session is open, and their forms' token. Counts as no use."""
    return {"owner": _mark(), "csrf": generate_csrf()}


@bp.post("/active")
def active() -> ResponseReturnValue:
    """Somebody is typing: that is use, although nothing was sent."""
    return {"owner": _mark()}


@bp.post("/lock")
def lock() -> ResponseReturnValue:
    """Close the session until its owner proves again who they are."""
    account_service.record_lock(current_actor())
    browser_session().lock()
    return {"locked": True}


@bp.post("/leave")
def leave() -> ResponseReturnValue:
    """Give a locked session up, so that somebody else can log in here."""
    state = browser_session()
    if state.locked and state.account_id is not None:
        account_service.record_departure(state.account_id)
        state.close()
    return redirect(url_for("identity.login_page"))


@bp.get("/unlocked")
def unlocked() -> ResponseReturnValue:
    """The end of the small window: it tells the waiting page and closes itself."""
    return render_template("identity/unlocked.html")


@bp.app_context_processor
def lock_of_page() -> dict[str, Any]:
    """What the layout needs for the lock; nothing where idleness simply ends the session."""
    state = browser_session()
    if not (state.locks and current_user and current_user.is_authenticated):
        return {"lock": None}
    return {"lock": {"after": int(state.idle.total_seconds()), "owner": _mark()}}


def _mark() -> str:
    """Names the session's owner to our own script without giving an id away."""
    return sha256_hex(str(browser_session().account_id))[:16]
