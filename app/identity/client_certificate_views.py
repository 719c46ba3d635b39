"""Pages at the port where nginx asks the browser for the card's certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, redirect, render_template, request

from app.authz.actor import Assurance
from app.core.errors import TsunaguError
from app.identity import messages
from app.identity.client_certificate import CERTIFICATE_HEADER, PROOF_HEADER, Arrived, handed_on
from app.identity.client_certificate_errors import CertificateLoginNotHere
from app.identity.client_certificate_service import log_in_with_certificate
from app.identity.views import card_verifier, open_session, session_owner
from app.web.errors import reference, status_of
from app.web.limits import ANSWERS, limiter
from app.web.refusals import noted
from app.web.security import allow_forms_to

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.identity.client_certificate import CertificatePort

bp = Blueprint("certificate", __name__)


@bp.get("/login/certificate")
@limiter.limit(ANSWERS)
def show() -> ResponseReturnValue:
    """One button: TLS has asked for the certificate already."""
    try:
        handed_on(_port(), _arrived())
    except CertificateLoginNotHere:
        raise
    except TsunaguError as refusal:
        return _refused(refusal)
    allow_forms_to(_portal())
    return render_template("identity/certificate_login.html", portal=_portal())


@bp.post("/login/certificate")
@limiter.limit(ANSWERS)
def log_in() -> ResponseReturnValue:
    """A session of the level of the card, or the page that says why not."""
    try:
        holder = log_in_with_certificate(card_verifier(), _port(), _arrived(), session_owner())
    except CertificateLoginNotHere:
        raise
    except TsunaguError as refusal:
        return _refused(refusal)
    return redirect(_portal() + open_session(holder, Assurance.CARD), 303)


def _port() -> CertificatePort | None:
    return cast("CertificatePort | None", current_app.extensions["certificate_port"])


def _portal() -> str:
    return str(current_app.config["ORIGIN"])


def _arrived() -> Arrived:
    """The socket's own other end: ``X-Forwarded-For`` says nothing here."""
    before = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    return Arrived(
        peer=str(before.get("REMOTE_ADDR") or ""),
        proof=request.headers.get(PROOF_HEADER, ""),
        certificate=request.headers.get(CERTIFICATE_HEADER, ""),
    )


def _refused(refusal: TsunaguError) -> ResponseReturnValue:
    page = render_template(
        "identity/login_failed.html",
        advice=messages.advice_for(noted(refusal)),
        again=_portal() + "/login",
        reference=reference(),
    )
    return page, status_of(refusal)
