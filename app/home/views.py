"""The family's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from app.home import pages
from app.messagebox import pages as messagebox
from app.record import pages as record
from app.web.access import current_actor

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("home", __name__, url_prefix="/handbook")


@bp.get("/")
def family() -> ResponseReturnValue:
    """What is next, for whom, why."""
    return render_template("home/family.html", cards=pages.family(current_actor()))


@bp.get("/schedule")
def schedule() -> ResponseReturnValue:
    """What comes next for all children."""
    return render_template("home/schedule.html", page=pages.schedule(current_actor()))


@bp.get("/news")
def news() -> ResponseReturnValue:
    """What asks for an answer, and letters."""
    actor = current_actor()
    requests, letters = pages.waiting_requests(actor), messagebox.envelopes(actor)
    return render_template("home/news.html", requests=requests, envelopes=letters)


@bp.get("/more")
def more() -> ResponseReturnValue:
    """Everything else."""
    return render_template("home/more.html")


@bp.get("/children/<uuid:child_id>")
def child(child_id: UUID) -> ResponseReturnValue:
    """A child's handbook."""
    return render_template("home/child.html", page=record.child_page(current_actor(), child_id))


@bp.get("/children/<uuid:child_id>/vaccinations")
def vaccinations(child_id: UUID) -> ResponseReturnValue:
    """A child's vaccinations."""
    page = record.vaccination_page(current_actor(), child_id)
    return render_template("home/vaccinations.html", page=page)


@bp.get("/children/<uuid:child_id>/print")
def paper(child_id: UUID) -> ResponseReturnValue:
    """The whole record for paper."""
    page = record.print_page(current_actor(), child_id)
    return render_template("home/print.html", page=page)


@bp.get("/children/<uuid:child_id>/growth")
def growth(child_id: UUID) -> ResponseReturnValue:
    """A child's growth curves."""
    return render_template("home/growth.html", page=record.growth_page(current_actor(), child_id))


@bp.get("/children/<uuid:child_id>/checkups")
def checkups(child_id: UUID) -> ResponseReturnValue:
    """A child's checkups."""
    page = record.checkups_page(current_actor(), child_id)
    return render_template("home/checkups.html", page=page)
