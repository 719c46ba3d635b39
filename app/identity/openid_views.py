"""Pages of the phone: out to デジタル認証アプリ and back, to log in or to add it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, flash, redirect, request, session, url_for

from app.authz.actor import Assurance
from app.core.errors import StepUpRequired, TsunaguError
from app.identity import openid_service
from app.identity.openid_errors import PhoneLoginNotHere
from app.identity.openid_forms import read_phone_answer
from app.identity.openid_service import ThisBrowser
from app.identity.views import open_session, session_owner
from app.web.access import browser_session, current_actor
from app.web.i18n import gettext as _
from app.web.limits import ANSWERS, CHALLENGES, limiter
from app.web.refusals import noted

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.identity.openid_provider import OpenIdProvider

bp = Blueprint("phone", __name__)


@bp.get("/login/phone")
@limiter.limit(CHALLENGES)
def begin_login() -> ResponseReturnValue:
    """Out to the provider."""
    session.setdefault("started", True)
    provider, back = _provider(), _here("phone.log_in")
    try:
        address = openid_service.begin_phone_login(provider, _this_browser(), back)
    except TsunaguError as refusal:
        return redirect(url_for("identity.login_failed", code=noted(refusal)))
    return redirect(address)


@bp.get("/login/phone/return")
@limiter.limit(ANSWERS)
def log_in() -> ResponseReturnValue:
    """Back from the provider: a session, or the page that says why not."""
    provider, back = _provider(), _here("phone.log_in")
    try:
        answer = read_phone_answer(request.args)
        holder = openid_service.log_in_with_phone(provider, _this_browser(), answer, back)
    except TsunaguError as refusal:
        return redirect(url_for("identity.login_failed", code=noted(refusal)))
    return redirect(open_session(holder, Assurance.PHONE))


@bp.get("/account/phones/new")
@limiter.limit(CHALLENGES)
def begin_link() -> ResponseReturnValue:
    """Out to the provider, to add the phone."""
    provider, back = _provider(), _here("phone.link")
    try:
        address = openid_service.begin_phone_link(current_actor(), provider, _this_browser(), back)
    except StepUpRequired:
        raise
    except TsunaguError as refusal:
        return redirect(url_for("account.refused", code=noted(refusal)))
    return redirect(address)


@bp.get("/account/phones/return")
@limiter.limit(ANSWERS)
def link() -> ResponseReturnValue:
    """Back from the provider: the phone is added, or the page that says why not."""
    provider, back = _provider(), _here("phone.link")
    try:
        answer = read_phone_answer(request.args)
        openid_service.link_phone(current_actor(), provider, _this_browser(), answer, back)
    except StepUpRequired:
        return redirect(url_for("identity.login_page", why="card", next=url_for("account.show")))
    except TsunaguError as refusal:
        return redirect(url_for("account.refused", code=noted(refusal)))
    flash(_("認証アプリを追加しました。次から、スマートフォンだけでもログインできます。"))
    return redirect(url_for("account.show"))


@bp.post("/account/phones/<uuid:phone_id>/remove")
def remove(phone_id: UUID) -> ResponseReturnValue:
    """Take a phone off the account."""
    openid_service.remove_phone(current_actor(), phone_id, browser_session().id_hash)
    flash(_("認証アプリを外しました。ほかの端末のログインも終わらせました。"))
    return redirect(url_for("account.show"))


def _provider() -> OpenIdProvider:
    provider = cast("OpenIdProvider | None", current_app.extensions["phone_provider"])
    if provider is None:
        raise PhoneLoginNotHere("no provider is configured")
    return provider


def _this_browser() -> ThisBrowser:
    here = browser_session()
    return ThisBrowser(here.id_hash, here.token, session_owner())


def _here(endpoint: str) -> str:
    return str(current_app.config["ORIGIN"]) + url_for(endpoint)
