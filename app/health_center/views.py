"""Pages of the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, session, url_for

from app.core import clock
from app.family.service import place_child
from app.health_center import pages
from app.health_center.barcode import BarcodeUnreadable, read_barcode
from app.health_center.desk import Desk, keep_desk, read_desk
from app.health_center.forms import DistrictForm, DoseForm
from app.health_center.messages import explain, explain_barcode
from app.immunization import service
from app.immunization.errors import (
    AlreadyRecorded,
    CopyDiffers,
    DoseBeforeBirth,
    DoseInFuture,
    ReasonNeeded,
)
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("health_center", __name__, url_prefix="/staff")


@bp.get("/")
def search() -> ResponseReturnValue:
    """Find a child."""
    typed = request.args.get("q", "").strip()[:80]
    return render_template("health_center/search.html", page=pages.search(current_actor(), typed))


@bp.get("/children/<uuid:child_id>")
def child(child_id: UUID) -> ResponseReturnValue:
    """One child's vaccinations, with the form for the next dose."""
    return _show(child_id, DoseForm.at(_desk(), clock.today()))


@bp.post("/children/<uuid:child_id>/doses")
def record_dose(child_id: UUID) -> ResponseReturnValue:
    """Add one administered dose; asks where the schedule or the family's own entry differs."""
    form, asked, differs = DoseForm(), None, None
    if form.validate_on_submit():
        try:
            service.record_dose(current_actor(), child_id, form.to_entry())
        except ReasonNeeded as problem:
            asked = problem
        except CopyDiffers as problem:
            differs = problem
        except (AlreadyRecorded, DoseBeforeBirth, DoseInFuture) as problem:
            form.given_on.errors = [explain(problem)]
        else:
            return _recorded(child_id, form)
    return _show(child_id, form, asked, differs), 422


@bp.post("/children/<uuid:child_id>/district")
def place(child_id: UUID) -> ResponseReturnValue:
    """Say in which part of the municipality the child lives."""
    form = DistrictForm()
    if form.validate_on_submit():
        place_child(current_actor(), child_id, form.to_district())
        flash(_("地区を残しました。"))
    else:
        flash(" ".join(form.district.errors), "danger")
    return redirect(url_for("health_center.child", child_id=child_id))


@bp.post("/scan")
def scan() -> ResponseReturnValue:
    """Take vaccine, lot and last day from a box; then back to the child or the clinic day."""
    actor, typed = current_actor(), request.form.get("code", "")
    try:
        box = read_barcode(typed, today=actor.today)
    except BarcodeUnreadable as problem:
        flash(explain_barcode(problem), "danger")
    else:
        product = pages.product_of_box(actor, box)
        keep_desk(session, _desk().with_box(box, product), actor.today)
        flash(_("箱を読み取りました。"))
    return redirect(_back_to(request.form.get("back", "")))


def _desk() -> Desk:
    return read_desk(session, clock.today())


def _show(
    child_id: UUID,
    form: DoseForm,
    asked: ReasonNeeded | None = None,
    differs: CopyDiffers | None = None,
) -> str:
    desk = pages.child(current_actor(), child_id)
    return render_template(
        "health_center/child.html",
        page=desk.record,
        desk=desk,
        form=form,
        asked=asked,
        differs=differs,
        district=DistrictForm(formdata=None, obj=desk.record.child),
    )


def _back_to(place: str) -> str:
    """The child whose id the form carried, or the clinic day, else the search."""
    if place == "clinic-day":
        return url_for("clinic_day.choose")
    try:
        return url_for("health_center.child", child_id=UUID(place))
    except ValueError:
        return url_for("health_center.search")


def _recorded(child_id: UUID, form: DoseForm) -> ResponseReturnValue:
    keep_desk(session, Desk.of(form.to_entry()), clock.today())
    flash(_("接種を記録しました。"))
    return redirect(url_for("health_center.child", child_id=child_id))
