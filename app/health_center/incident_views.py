"""Pages about wrong vaccinations: the list, one report, the sheet for the printer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.health_center import incident_pages as pages
from app.health_center.incident_forms import IncidentForm, first_form, incident_form
from app.immunization import incident_service as service
from app.immunization.errors import IncidentChanged, IncidentIncomplete
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.crypto.sealing import Sealer
    from app.health_center.incident_pages import IncidentPage

bp = Blueprint("incidents", __name__, url_prefix="/staff")


@bp.post("/children/<uuid:child_id>/doses/<uuid:dose_id>/incident")
def draft(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Begin the report about a dose, or go on with it."""
    row = service.draft_incident(current_actor(), child_id, dose_id)
    return redirect(url_for("incidents.incident", incident_id=row.id))


@bp.get("/incidents")
def rows() -> ResponseReturnValue:
    """Reports of the municipality."""
    page = pages.incident_list(current_actor())
    return render_template("health_center/incidents.html", page=page)


@bp.get("/incidents/<uuid:incident_id>")
def incident(incident_id: UUID) -> ResponseReturnValue:
    """One report to be written."""
    page = _page(incident_id)
    return _shown(page, first_form(page, current_actor()))


@bp.post("/incidents/<uuid:incident_id>")
def write(incident_id: UUID) -> ResponseReturnValue:
    """Keep what was written; complete it when that was asked for."""
    form, complete = incident_form(), "complete" in request.form
    if not form.validate_on_submit():
        return _shown(_page(incident_id), form), 422
    try:
        report = form.to_report(complete=complete)
        service.write_incident(current_actor(), incident_id, report, _sealer())
    except IncidentIncomplete as problem:
        form.ask_for(problem.questions)
        return _shown(_page(incident_id), form), 422
    except IncidentChanged:
        return _written_meanwhile(incident_id, form), 409
    flash(_("報告を完成にしました。") if complete else _("下書きを保存しました。"))
    return redirect(url_for("incidents.incident", incident_id=incident_id))


@bp.get("/incidents/<uuid:incident_id>/sheet")
def sheet(incident_id: UUID) -> ResponseReturnValue:
    """The report as one sheet to be printed."""
    return render_template("health_center/incident_sheet.html", page=_page(incident_id))


def _page(incident_id: UUID) -> IncidentPage:
    return pages.incident(current_actor(), incident_id, _sealer())


def _shown(page: IncidentPage, form: IncidentForm, *, meanwhile: bool = False) -> str:
    return render_template("health_center/incident.html", page=page, form=form, meanwhile=meanwhile)


def _written_meanwhile(incident_id: UUID, form: IncidentForm) -> str:
    """What was typed stays; saving again writes it over the other one's version."""
    page = _page(incident_id)
    form.seen.data = str(page.number)
    return _shown(page, form, meanwhile=True)


def _sealer() -> Sealer:
    sealer: Sealer = current_app.extensions["sealer"]
    return sealer
