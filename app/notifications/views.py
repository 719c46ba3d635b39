"""Pages of one's own channels, and the service worker that shows a push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.notifications import pages, service
from app.notifications.errors import AlreadyAdded, ConfirmationUnknown, TooManyChannels
from app.notifications.forms import MailForm
from app.notifications.models import ChannelKind
from app.notifications.push import read_subscription
from app.notifications.service import Place
from app.web.access import current_actor
from app.web.errors import status_of
from app.web.i18n import current_language
from app.web.i18n import gettext as _
from app.web.limits import limiter

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.core.errors import TsunaguError
    from app.crypto.sealing import Sealer

bp = Blueprint("notifications", __name__)

MAILS = "30/hour"
"""Confirmations one address may ask for: nobody's mailbox is flooded from here."""


@bp.get("/notifications")
def show() -> ResponseReturnValue:
    """Where am I told?"""
    return _page(MailForm())


@bp.post("/notifications/mail")
@limiter.limit(MAILS)
def add_mail() -> ResponseReturnValue:
    """Send a confirmation to a mail address."""
    form = MailForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        service.add_mail(current_actor(), form.to_place(), _sealer())
    except (AlreadyAdded, TooManyChannels) as problem:
        form.address.errors = [_explained(problem)]
        return _page(form), status_of(problem)
    flash(_("確認のメールを送ります。24時間以内に、メールのリンクを開いてください。"))
    return redirect(url_for("notifications.show"))


@bp.get("/notifications/mail/<string(maxlength=64):code>")
def confirmation(code: str) -> ResponseReturnValue:
    """What the link in the mail opens; nothing happens yet."""
    try:
        service.require_waiting(code)
    except ConfirmationUnknown as problem:
        return render_template("notifications/confirmation_unknown.html"), status_of(problem)
    return render_template("notifications/confirm.html", code=code)


@bp.post("/notifications/mail/<string(maxlength=64):code>")
def confirm_mail(code: str) -> ResponseReturnValue:
    """The mailbox's owner says yes."""
    try:
        service.confirm_mail(code)
    except ConfirmationUnknown as problem:
        return render_template("notifications/confirmation_unknown.html"), status_of(problem)
    return render_template("notifications/confirmed.html")


@bp.post("/notifications/push")
def add_push() -> ResponseReturnValue:
    """This browser's subscription, as its service worker made it."""
    services = current_app.extensions["push_services"]
    try:
        subscription = read_subscription(request.get_json(), services)
        place = Place(ChannelKind.WEB_PUSH, subscription, current_language())
        service.add_push(current_actor(), place, _sealer())
    except AlreadyAdded:
        return {"location": url_for("notifications.show")}
    flash(_("この端末でお知らせを受け取ります。"))
    return {"location": url_for("notifications.show")}


@bp.post("/notifications/channels/<uuid:channel_id>/remove")
def remove(channel_id: UUID) -> ResponseReturnValue:
    """Take a channel off."""
    service.remove_channel(current_actor(), channel_id)
    flash(_("受け取りをやめました。お知らせは、つなぐの中でいつでも読めます。"))
    return redirect(url_for("notifications.show"))


@bp.get("/push-worker.js")
def worker() -> Response:
    """The service worker; it stands at the root, because it may only serve what lies below it."""
    answer = current_app.send_static_file("js/push-worker.js")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _page(form: MailForm) -> str:
    return render_template(
        "notifications/channels.html",
        channels=pages.channels(current_actor(), _sealer()),
        form=form,
        push_key=current_app.extensions["push_key"],
    )


def _explained(problem: TsunaguError) -> str:
    return {
        "already-added": _("このアドレスは、もう入っています。"),
        "too-many-channels": _("受け取り方は10までです。使わないものを外してください。"),
    }[problem.code]


def _sealer() -> Sealer:
    sealer: Sealer = current_app.extensions["sealer"]
    return sealer
