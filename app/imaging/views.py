"""Pages of image sharing: the physician's worklist, the reception, the patient's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, session, url_for
from flask_wtf.csrf import generate_csrf

from app.authz.actor import Role
from app.core.errors import TsunaguError
from app.identity import service as identity
from app.identity.forms import read_card_answer
from app.identity.views import card_verifier
from app.imaging import pages, service
from app.imaging.errors import PatientIdTaken
from app.imaging.forms import (
    BadInput,
    RequestForm,
    read_gateway_id,
    read_patient_id,
    read_signed_document,
)
from app.web.access import agent_origin, browser_session, current_actor
from app.web.assets import viewer_assets
from app.web.errors import status_of
from app.web.i18n import current_language
from app.web.i18n import gettext as _
from app.web.limits import ANSWERS, CHALLENGES, limiter
from app.web.refusals import noted, number_of
from app.web.security import allow_images_from

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.imaging.tokens import TokenIssuer

bp = Blueprint("imaging", __name__, url_prefix="/imaging")


@bp.get("/")
def worklist() -> ResponseReturnValue:
    """Patients registered here, what exists elsewhere, where consent stands."""
    return render_template("imaging/worklist.html", rows=pages.worklist(current_actor()))


@bp.get("/patients/<uuid:link_id>")
def patient(link_id: UUID) -> ResponseReturnValue:
    """One patient: studies elsewhere, and the one next step."""
    page = pages.patient(current_actor(), link_id)
    return render_template("imaging/patient.html", page=page, problems={}, form=None)


@bp.post("/patients/<uuid:link_id>/requests")
def ask(link_id: UUID) -> ResponseReturnValue:
    """Ask the patient."""
    form = RequestForm.read()
    if problems := form.problems():
        page = pages.patient(current_actor(), link_id)
        return render_template("imaging/patient.html", page=page, problems=problems, form=form), 422
    service.request_share(current_actor(), link_id, form.to_entry())
    flash(_("患者さんに開示のお願いを送りました。"))
    return redirect(url_for("imaging.patient", link_id=link_id))


@bp.get("/patients/<uuid:link_id>/state")
def patient_state(link_id: UUID) -> ResponseReturnValue:
    """Where the newest request stands, for the page that waits."""
    return {"state": pages.request_state(current_actor(), link_id)}


@bp.get("/reception")
def reception() -> ResponseReturnValue:
    """Join a card holder to the hospital's patient number."""
    return render_template("imaging/reception.html", page=_desk(), agent=agent_origin())


@bp.post("/reception/challenge")
@limiter.limit(CHALLENGES)
def reception_challenge() -> ResponseReturnValue:
    """A nonce for the patient's card at this desk."""
    pages.desk_of(current_actor(), Role.RECEPTIONIST)
    purpose = identity.Purpose.RECEPTION
    return {"nonce": identity.new_challenge(browser_session().id_hash, purpose)}


@bp.post("/reception/card")
@limiter.limit(ANSWERS)
def reception_card() -> ResponseReturnValue:
    """The patient's card answered: remember whose it is until the number is entered."""
    pages.reception(current_actor())
    answer = read_card_answer(browser_session().id_hash)
    try:
        holder = identity.identify_holder(card_verifier(), answer, identity.Purpose.RECEPTION)
    except TsunaguError as refusal:
        location = url_for("imaging.reception_refused", code=noted(refusal))
        return {"location": location, "code": refusal.code}, status_of(refusal)
    session["reception"] = {"person_id": str(holder.person_id), "name": holder.name}
    return {"location": url_for("imaging.reception")}


@bp.get("/reception/refused/<string(maxlength=40):code>")
def reception_refused(code: str) -> ResponseReturnValue:
    """Why the patient's card was not accepted."""
    return render_template(
        "imaging/reception_refused.html",
        advice=pages.advice_for(code),
        reference=number_of(code),
    )


@bp.post("/reception/link")
def link() -> ResponseReturnValue:
    """Store the number for the person whose card was just verified."""
    held = session.get("reception")
    if not held:
        return redirect(url_for("imaging.reception"))
    try:
        desk = pages.desk_of(current_actor(), Role.RECEPTIONIST)
        entry = service.LinkEntry(desk, UUID(held["person_id"]), read_patient_id())
        service.link_patient(current_actor(), entry)
    except (BadInput, PatientIdTaken) as problem:
        page = _desk(problem.code)
        return render_template("imaging/reception.html", page=page, agent=agent_origin()), 422
    session.pop("reception")
    flash(_("患者番号を結びつけました。"))
    return redirect(url_for("imaging.reception"))


@bp.post("/reception/cancel")
def reception_cancel() -> ResponseReturnValue:
    """Forget the card that was just read."""
    session.pop("reception", None)
    return redirect(url_for("imaging.reception"))


@bp.get("/mine")
def mine() -> ResponseReturnValue:
    """The patient's own page: requests, consents in force, who looked and when."""
    return render_template("imaging/mine.html", page=pages.mine(current_actor()))


@bp.get("/requests/<uuid:request_id>")
def consent(request_id: UUID) -> ResponseReturnValue:
    """What is asked, in plain words, and the text to sign."""
    page = pages.consent(current_actor(), request_id)
    return render_template("imaging/consent.html", page=page, agent=agent_origin())


@bp.post("/requests/<uuid:request_id>/consent")
@limiter.limit(ANSWERS)
def give_consent(request_id: UUID) -> ResponseReturnValue:
    """The signed declaration."""
    try:
        cms = read_signed_document()
        service.give_consent(current_actor(), request_id, cms, card_verifier())
    except TsunaguError as refusal:
        location = url_for("imaging.consent_failed", request_id=request_id, code=noted(refusal))
        return {"location": location, "code": refusal.code}, status_of(refusal)
    flash(_("同意を受け付けました。いつでも取り消せます。"))
    return {"location": url_for("imaging.mine")}


@bp.get("/requests/<uuid:request_id>/failed/<string(maxlength=40):code>")
def consent_failed(request_id: UUID, code: str) -> ResponseReturnValue:
    """Why the signature was not accepted."""
    return render_template(
        "imaging/consent_failed.html",
        advice=pages.advice_for(code),
        request_id=request_id,
        reference=number_of(code),
    )


@bp.post("/requests/<uuid:request_id>/decline")
def decline(request_id: UUID) -> ResponseReturnValue:
    """The patient says no."""
    service.decline(current_actor(), request_id)
    flash(_("お断りしました。診療で不利になることはありません。"))
    return redirect(url_for("imaging.mine"))


@bp.post("/grants/<uuid:grant_id>/withdraw")
def withdraw(grant_id: UUID) -> ResponseReturnValue:
    """Take a consent back."""
    service.withdraw_consent(current_actor(), grant_id)
    flash(_("同意を取り消しました。5分以内に見られなくなります。"))
    return redirect(url_for("imaging.mine"))


@bp.get("/grants/<uuid:grant_id>/view")
def view(grant_id: UUID) -> ResponseReturnValue:
    """The viewer."""
    assets = viewer_assets()
    if assets is None:
        return render_template("imaging/viewer_missing.html"), 503
    page = pages.viewer(current_actor(), grant_id)
    allow_images_from(page.gateway_origins)
    config = page.config | _viewer_session(grant_id)
    return render_template("imaging/viewer.html", config_json=config, assets=assets)


@bp.post("/grants/<uuid:grant_id>/token")
@limiter.limit("120/minute")
def token(grant_id: UUID) -> ResponseReturnValue:
    """A fresh access token for one gateway of the grant."""
    issuer = cast("TokenIssuer", current_app.extensions["image_tokens"])
    access = service.issue_token(current_actor(), grant_id, read_gateway_id(), issuer)
    return {"token": access.token, "expires_in": access.expires_in}


def _desk(problem: str | None = None) -> pages.ReceptionPage:
    return pages.reception(current_actor(), session.get("reception"), problem)


def _viewer_session(grant_id: UUID) -> dict[str, object]:
    return {
        "tokenUrl": url_for("imaging.token", grant_id=grant_id),
        "csrfToken": generate_csrf(),
        "backUrl": url_for("imaging.worklist"),
        "language": current_language().value,
        "simulated": bool(current_app.extensions["trust"].simulated),
        "test": bool(current_app.config["TESTING"]),
    }
