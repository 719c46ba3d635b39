"""The page of the calendar, and the address other programs read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.calendar_feed import pages, service
from app.calendar_feed.forms import FeedForm
from app.calendar_feed.icalendar_text import calendar_text
from app.crypto.digests import sha256_hex
from app.web.access import current_actor
from app.web.i18n import gettext as _
from app.web.limits import limiter

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("calendar_feed", __name__)

READINGS = "60/hour"
READINGS_OF_ONE_ADDRESS = "1200/hour"
"""Services that host calendars ask for many families from few addresses."""


def _feed_key() -> str:
    return sha256_hex(request.path)


@bp.get("/calendar/<string(length=43):token>.ics")
@limiter.limit(READINGS_OF_ONE_ADDRESS)
@limiter.limit(READINGS, key_func=_feed_key)
def read(token: str) -> ResponseReturnValue:
    """The calendar, to whoever holds its address."""
    page = current_app.config["ORIGIN"] + url_for("home.schedule")
    answer = Response(calendar_text(service.read_feed(token), page), mimetype="text/calendar")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Content-Disposition"] = "inline; filename=tsunagu.ics"
    answer.add_etag()
    return answer.make_conditional(request)


@bp.get("/calendar")
def show() -> ResponseReturnValue:
    """Is my calendar on, since when, read when?"""
    return _page(None)


@bp.post("/calendar")
def make() -> ResponseReturnValue:
    """A new address, shown this once."""
    form = FeedForm()
    if not form.validate_on_submit():
        return _page(form), 422
    token = service.make_feed(current_actor(), form.to_choice())
    return _page(None, current_app.config["ORIGIN"] + url_for("calendar_feed.read", token=token))


@bp.post("/calendar/words")
def change() -> ResponseReturnValue:
    """Say more or less under the same address."""
    form = FeedForm()
    if not form.validate_on_submit():
        return _page(form), 422
    service.change_words(current_actor(), form.to_choice())
    flash(_("カレンダーに出す言葉を変えました。つぎに読まれたときから変わります。"))
    return redirect(url_for("calendar_feed.show"))


@bp.post("/calendar/stop")
def stop() -> ResponseReturnValue:
    """Take the address away."""
    service.stop_feed(current_actor())
    flash(_("カレンダーを止めました。前のアドレスでは、もう読めません。"))
    return redirect(url_for("calendar_feed.show"))


def _page(form: FeedForm | None, address: str | None = None) -> str:
    feed = pages.own_feed(current_actor())
    return render_template(
        "calendar_feed/feed.html", feed=feed, form=form or FeedForm.of(feed), address=address
    )
