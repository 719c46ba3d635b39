"""The operator's page of the jobs, and the figures for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, render_template, request

from app.core import clock
from app.core.errors import NotFound
from app.crypto.digests import equal
from app.jobs import pages, scrape
from app.web.access import current_actor

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("jobs", __name__, cli_group=None)

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@bp.get("/admin/jobs")
def overview() -> ResponseReturnValue:
    """How far today's work is."""
    return render_template("jobs/overview.html", page=pages.overview(current_actor()))


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """For whoever holds the token of the settings; without one, this page is not there."""
    wanted = current_app.extensions["settings"].metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not wanted or not equal(given, wanted):
        raise NotFound("no such page")
    return Response(scrape.read(clock.now()), mimetype=EXPOSITION)
