"""Pages of somebody who was invited. The code never stays in an address, a log or the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, flash, redirect, render_template, session, url_for
from flask_login import current_user

from app.registry import service
from app.registry.errors import InvitationRefused
from app.registry.first_administrator import InvitationHandle
from app.registry.messages import invitation_advice
from app.web.access import browser_session, current_actor
from app.web.errors import status_of
from app.web.i18n import gettext as _
from app.web.limits import limiter
from app.web.places import role_name

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("registry", __name__)

KEPT = "invitation"


@bp.get("/invitation/<string(maxlength=160):code>")
@limiter.limit("20/minute")
def open_invitation(code: str) -> ResponseReturnValue:
    """Remember the link in this browser and go on at an address without the code."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    session[KEPT] = InvitationHandle.of_code(code, key).to_json()
    return redirect(url_for("registry.invitation"), 303)


@bp.get("/invitation")
def invitation() -> ResponseReturnValue:
    """What is offered; for a stranger, why the card comes first."""
    handle = InvitationHandle.from_json(session.get(KEPT))
    if not current_user.is_authenticated:
        return render_template("registry/invitation_login.html")
    try:
        offer = service.read_invitation(current_actor(), handle)
    except InvitationRefused as refusal:
        return _refused(refusal)
    return render_template("registry/invitation.html", offer=offer, role=role_name(offer.role))


@bp.post("/invitation")
@limiter.limit("20/minute")
def accept_invitation() -> ResponseReturnValue:
    """Take the role. The session goes on under a new id and with the limits of staff."""
    actor, handle = current_actor(), InvitationHandle.from_json(session.get(KEPT))
    try:
        membership = service.accept_invitation(actor, handle)
    except InvitationRefused as refusal:
        return _refused(refusal)
    session.pop(KEPT)
    state = browser_session()
    state.rotate()
    state.limit(current_app.extensions["session_limits"](actor.account_id))
    flash(_("%(role)sとして登録しました。", role=role_name(membership.role)))
    return redirect(url_for("web.home" if membership.from_on <= actor.today else "home.family"))


def _refused(refusal: InvitationRefused) -> ResponseReturnValue:
    advice = invitation_advice(refusal)
    return render_template("registry/invitation_refused.html", advice=advice), status_of(refusal)
