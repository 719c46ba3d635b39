"""Pages of one's own account: ways to log in, and where one is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.core.errors import StepUpRequired, TsunaguError
from app.identity import account_service, messages, pages, passkey_service
from app.identity.errors import LastCard
from app.identity.forms import read_enrolment
from app.identity.views import relying_party
from app.web.access import browser_session, current_actor
from app.web.errors import status_of
from app.web.i18n import gettext as _
from app.web.i18n import ngettext
from app.web.limits import ANSWERS, CHALLENGES, limiter
from app.web.refusals import noted, number_of

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> ResponseReturnValue:
    """My credentials and my sessions."""
    page = pages.account(current_actor(), browser_session().id_hash)
    passkeys_here = current_app.extensions["relying_party"] is not None
    phone_here = current_app.extensions["phone_provider"] is not None
    return render_template(
        "identity/account.html", page=page, passkeys_here=passkeys_here, phone_here=phone_here
    )


@bp.post("/passkeys/challenge")
@limiter.limit(CHALLENGES)
def passkey_challenge() -> ResponseReturnValue:
    """What the browser needs to make a passkey."""
    party, session_hash = relying_party(), browser_session().id_hash
    try:
        return passkey_service.begin_enrolment(current_actor(), party, session_hash)
    except TsunaguError as refusal:
        return _refused(refusal)


@bp.post("/passkeys")
@limiter.limit(ANSWERS)
def add_passkey() -> ResponseReturnValue:
    """The passkey the browser made."""
    actor, party = current_actor(), relying_party()
    try:
        enrolment = read_enrolment(browser_session().id_hash)
        passkey_service.enrol_passkey(actor, party, enrolment)
    except TsunaguError as refusal:
        return _refused(refusal)
    flash(_("パスキーを追加しました。次から、カードなしでもログインできます。"))
    return {"location": url_for("account.show")}


@bp.get("/refused/<string(maxlength=40):code>")
def refused(code: str) -> ResponseReturnValue:
    """Why it was not done, and what to do."""
    return render_template(
        "identity/account_refused.html",
        advice=messages.account_advice(code),
        reference=number_of(code),
    )


@bp.post("/cards/<uuid:credential_id>/remove")
def remove_card(credential_id: UUID) -> ResponseReturnValue:
    """Take a certificate off the account."""
    try:
        account_service.remove_card(
            current_actor(),
            credential_id,
            browser_session().id_hash,
            even_the_last=request.form.get("sure") == "yes",
        )
    except LastCard as refusal:
        page = render_template("identity/last_card.html", credential_id=credential_id)
        return page, status_of(refusal)
    flash(_("カードの証明書を外しました。ほかの端末のログインも終わらせました。"))
    return redirect(url_for("account.show"))


@bp.post("/passkeys/<uuid:passkey_id>/remove")
def remove_passkey(passkey_id: UUID) -> ResponseReturnValue:
    """Take a passkey off the account."""
    account_service.remove_passkey(current_actor(), passkey_id, browser_session().id_hash)
    flash(_("パスキーを外しました。ほかの端末のログインも終わらせました。"))
    return redirect(url_for("account.show"))


@bp.post("/sessions/<string(maxlength=64):handle>/end")
def end_session(handle: str) -> ResponseReturnValue:
    """End one session elsewhere."""
    account_service.end_session(current_actor(), handle, browser_session().id_hash)
    flash(_("ログインを終わらせました。"))
    return redirect(url_for("account.show"))


@bp.post("/sessions/end")
def end_other_sessions() -> ResponseReturnValue:
    """End every session but this one."""
    ended = account_service.end_other_sessions(current_actor(), browser_session().id_hash)
    flash(
        ngettext(
            "%(num)s件のログインを終わらせました。", "%(num)s件のログインを終わらせました。", ended
        )
    )
    return redirect(url_for("account.show"))


@bp.app_context_processor
def certificate_endings() -> dict[str, Any]:
    """For the pages that warn before a certificate ends; asked only where it is shown."""
    return {"certificate_endings": lambda: pages.endings(current_actor())}


def _refused(refusal: TsunaguError) -> ResponseReturnValue:
    """For the script of our own page: where the words stand."""
    if isinstance(refusal, StepUpRequired):
        location = url_for("identity.login_page", why="card", next=url_for("account.show"))
    else:
        location = url_for("account.refused", code=noted(refusal))
    return {"location": location, "code": refusal.code}, status_of(refusal)
