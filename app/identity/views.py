"""Pages of the login, by card and by passkey."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_login import current_user

from app.authz.actor import Assurance
from app.core.errors import TsunaguError
from app.identity import messages, passkey_service, service
from app.identity.errors import PasskeysNotHere
from app.identity.forms import read_card_answer, read_passkey_answer
from app.web.access import agent_origin, browser_session, current_actor
from app.web.errors import status_of
from app.web.limits import ANSWERS, CHALLENGES, limiter
from app.web.refusals import noted, number_of

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.identity.passkeys import RelyingParty

bp = Blueprint("identity", __name__)


@bp.get("/login")
def login_page() -> ResponseReturnValue:
    """Where everybody starts: one button, and what it needs."""
    target = safe_path(request.args.get("next"))
    card_only = request.args.get("why") == "card"
    locked = browser_session().locked
    if current_user.is_authenticated and not card_only:
        return redirect(target or url_for("web.home"))
    if target:
        session["next"] = target
    return render_template(
        "identity/login.html",
        agent=agent_origin(),
        asked=target not in {None, "/"},
        step_up=card_only and not locked,
        locked=locked,
        **_roads(card_alone=card_only and target != url_for("account.show")),
    )


@bp.post("/login/challenge")
@limiter.limit(CHALLENGES)
def login_challenge() -> ResponseReturnValue:
    """A nonce for this browser."""
    session.setdefault("started", True)
    nonce = service.new_challenge(browser_session().id_hash, service.Purpose.LOGIN)
    return {"nonce": nonce}


@bp.post("/login/card")
@limiter.limit(ANSWERS)
def login_with_card() -> ResponseReturnValue:
    """The card's answer: a session, or the page that says why not."""
    answer = read_card_answer(browser_session().id_hash, session_owner())
    try:
        holder = service.log_in_with_card(card_verifier(), answer)
    except TsunaguError as refusal:
        return _refused(refusal)
    return {"location": open_session(holder, Assurance.CARD)}


@bp.post("/login/passkey/challenge")
@limiter.limit(CHALLENGES)
def passkey_challenge() -> ResponseReturnValue:
    """What this browser needs to ask for a passkey."""
    session.setdefault("started", True)
    return passkey_service.begin_passkey_login(relying_party(), browser_session().id_hash)


@bp.post("/login/passkey")
@limiter.limit(ANSWERS)
def log_in_with_passkey() -> ResponseReturnValue:
    """The passkey's answer: a session, or the page that says why not."""
    party = relying_party()
    try:
        answer = read_passkey_answer(browser_session().id_hash, session_owner())
        holder = passkey_service.log_in_with_passkey(party, answer)
    except TsunaguError as refusal:
        return _refused(refusal)
    return {"location": open_session(holder, Assurance.PASSKEY)}


@bp.get("/login/failed/<string(maxlength=40):code>")
def login_failed(code: str) -> ResponseReturnValue:
    """Why the login did not succeed, and what to do."""
    again = url_for("identity.login_page", why="card" if current_user.is_authenticated else None)
    advice = messages.advice_for(code)
    return render_template(
        "identity/login_failed.html", advice=advice, again=again, reference=number_of(code)
    )


@bp.get("/help/card-agent")
def card_help() -> ResponseReturnValue:
    """What the card agent is, and how to get it going."""
    return render_template(
        "identity/card_help.html",
        agent=agent_origin(),
        origin=current_app.config["ORIGIN"],
        download=current_app.extensions["settings"].card_agent_download,
    )


@bp.get("/help/lost-card")
def lost_card() -> ResponseReturnValue:
    """Whom to call, what happens here, and how to go on with a new card."""
    return render_template("identity/lost_card.html")


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session here and in the database."""
    service.record_logout(current_actor())
    browser_session().close()
    return redirect(url_for("identity.login_page"))


def card_verifier() -> service.CardVerifier:
    """The verifier ``factory`` wired."""
    return cast("service.CardVerifier", current_app.extensions["card_verifier"])


def relying_party() -> RelyingParty:
    """Us as browsers know us; raises ``PasskeysNotHere`` at an address without passkeys."""
    party = cast("RelyingParty | None", current_app.extensions["relying_party"])
    if party is None:
        raise PasskeysNotHere("no passkeys at this origin")
    return party


def _roads(*, card_alone: bool) -> dict[str, bool | str | None]:
    """Which ways to log in there are beside the card, and whether the phone's comes first.

    ``card_alone``: a step up for which a phone would not do; it does for one's own account.
    """
    phone_here = current_app.extensions["phone_provider"] is not None
    weaker = browser_session().assurance < Assurance.PHONE and not card_alone
    return {
        "passkeys_here": current_app.extensions["relying_party"] is not None,
        "certificate_road": getattr(current_app.extensions["certificate_port"], "origin", None),
        "phone_here": phone_here and weaker,
        "phone_first": phone_here and weaker and _is_phone(),
    }


def _is_phone() -> bool:
    """What the browser says of itself; a wrong guess only changes the order."""
    hint = request.headers.get("Sec-CH-UA-Mobile")
    return hint == "?1" if hint else "Mobile" in request.headers.get("User-Agent", "")


def session_owner() -> UUID | None:
    """Whose session this browser holds, be it locked: nobody else may take it over."""
    held = current_user.is_authenticated or browser_session().locked
    return browser_session().account_id if held else None


def open_session(holder: service.KnownHolder, assurance: Assurance) -> str:
    """Open the holder's session in this browser; returns where to go on."""
    target = session.pop("next", None) or url_for("web.home")
    limits = current_app.extensions["session_limits"](holder.account_id)
    browser_session().open_for(holder.account_id, assurance, limits)
    return str(target)


def _refused(refusal: TsunaguError) -> ResponseReturnValue:
    location = url_for("identity.login_failed", code=noted(refusal))
    return {"location": location, "code": refusal.code}, status_of(refusal)


def safe_path(target: str | None) -> str | None:
    """A path on this site, or None: never another origin."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    clean = not parts.scheme and not parts.netloc and "\\" not in target and target.isprintable()
    return target if clean and len(target) <= 500 else None  # noqa: PLR2004
