"""Pages of the application for use: for strangers, and for people with a new card."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, session, url_for
from flask_login import current_user

from app.authz.actor import Assurance
from app.core.errors import TsunaguError
from app.identity import messages, registration_service
from app.identity.application_text import Intent
from app.identity.forms import read_card_answer
from app.identity.presented import PresentedCard
from app.identity.registration_forms import ApplicationForm, read_signature
from app.identity.registration_service import ApplicationEntry, Draft, SignedApplication
from app.identity.service import Purpose, new_challenge
from app.identity.views import card_verifier, open_session
from app.web.access import SessionLocked, agent_origin, browser_session, current_actor
from app.web.errors import status_of
from app.web.i18n import gettext as _
from app.web.limits import ANSWERS, CHALLENGES, limiter
from app.web.refusals import noted, number_of

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.identity.registration_service import Admission, Registrar

bp = Blueprint("registration", __name__, url_prefix="/register")

CARD, DRAFT, WAITING = "registration_card", "registration_draft", "registration_waiting"


@bp.before_request
def refuse_locked_sessions() -> None:
    """Whose session waits for its owner proves nothing about who sits here now."""
    if browser_session().locked:
        raise SessionLocked("locked")


@bp.get("")
def start() -> ResponseReturnValue:
    """What it is, what it needs, and the first step: the card."""
    known = current_user.is_authenticated
    return render_template("identity/registration_start.html", agent=agent_origin(), known=known)


@bp.post("/challenge")
@limiter.limit(CHALLENGES)
def challenge() -> ResponseReturnValue:
    """A nonce for the card that is to be registered."""
    session.setdefault("started", True)
    return {"nonce": new_challenge(browser_session().id_hash, Purpose.REGISTRATION)}


@bp.post("/card")
@limiter.limit(ANSWERS)
def present_card() -> ResponseReturnValue:
    """The card's answer: on to the form, or the page that says why not."""
    try:
        answer = read_card_answer(browser_session().id_hash)
        card = registration_service.present_card(card_verifier(), answer)
    except TsunaguError as refusal:
        return _refused(refusal)
    session[CARD] = card.to_json()
    return {"location": url_for("registration.application")}


@bp.get("/application")
def application() -> ResponseReturnValue:
    """How the name is read, and what the card is for."""
    if CARD not in session:
        return redirect(url_for("registration.start"))
    return render_template("identity/registration_form.html", form=ApplicationForm())


@bp.post("/application")
def write_application() -> ResponseReturnValue:
    """Write the text that will be signed."""
    card, form = PresentedCard.from_json(session.get(CARD)), ApplicationForm()
    if card is None:
        return redirect(url_for("registration.start"))
    if not form.validate_on_submit():
        return render_template("identity/registration_form.html", form=form), 422
    try:
        draft = registration_service.draft_application(card, form.to_entry())
    except TsunaguError as refusal:
        return redirect(url_for("registration.refused", code=noted(refusal)))
    session[DRAFT] = _to_json(draft)
    return redirect(url_for("registration.sign"))


@bp.get("/sign")
def sign() -> ResponseReturnValue:
    """The text, and the button that opens the agent's window over it."""
    draft = _draft()
    if draft is None:
        return redirect(url_for("registration.start"))
    return render_template("identity/registration_sign.html", draft=draft, agent=agent_origin())


@bp.post("/signature")
@limiter.limit(ANSWERS)
def submit() -> ResponseReturnValue:
    """The signed text: an account, or the desk, or the page that says why not."""
    card, draft = PresentedCard.from_json(session.get(CARD)), _draft()
    if card is None or draft is None:
        return {"location": url_for("registration.start"), "code": "registration-too-late"}, 403
    actor = current_actor() if current_user.is_authenticated else None
    try:
        signed = SignedApplication(card, draft, read_signature(), actor)
        admission = registration_service.submit(_registrar(), signed)
    except TsunaguError as refusal:
        return _refused(refusal)
    return {"location": _go_on(admission)}


@bp.get("/waiting")
def waiting() -> ResponseReturnValue:
    """The desk has to look: what happens next."""
    reference = session.get(WAITING)
    if not reference:
        return redirect(url_for("registration.start"))
    return render_template("identity/registration_waiting.html", reference=reference)


@bp.get("/refused/<string(maxlength=40):code>")
def refused(code: str) -> ResponseReturnValue:
    """Why it was not taken, and what to do."""
    advice = messages.registration_advice(code)
    return render_template(
        "identity/registration_refused.html", advice=advice, reference=number_of(code)
    )


def _go_on(admission: Admission) -> str:
    session.pop(CARD, None)
    session.pop(DRAFT, None)
    if admission.holder is None:
        session[WAITING] = str(admission.registration_id)
        return url_for("registration.waiting")
    flash(_words(admission.change))
    return open_session(admission.holder, Assurance.CARD)


def _words(change: str) -> str:
    if change == "registered":
        return _("利用申請を受け付けました。次からは、このカードでログインできます。")
    if change == "card-relinked":
        return _("新しいカードに切りかえました。前のカードと、ほかの端末のログインは終わりました。")
    return _("カードを追加しました。次から、このカードでもログインできます。")


def _registrar() -> Registrar:
    return cast("Registrar", current_app.extensions["registrar"])


def _to_json(draft: Draft) -> dict[str, str]:
    entry = draft.entry
    return {
        "id": str(draft.registration_id),
        "family_kana": entry.family_kana,
        "given_kana": entry.given_kana,
        "intent": entry.intent.value,
        "text": draft.text,
    }


def _draft() -> Draft | None:
    kept = session.get(DRAFT)
    if not kept or CARD not in session:
        return None
    entry = ApplicationEntry(kept["family_kana"], kept["given_kana"], Intent(kept["intent"]))
    return Draft(UUID(kept["id"]), entry, kept["text"])


def _refused(refusal: TsunaguError) -> ResponseReturnValue:
    location = url_for("registration.refused", code=noted(refusal))
    return {"location": location, "code": refusal.code}, status_of(refusal)
