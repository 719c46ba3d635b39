"""Pages of the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.health_center import pages
from app.health_center.forms import DoseForm
from app.health_center.messages import explain
from app.immunization import service
from app.immunization.errors import AlreadyRecorded, DoseBeforeBirth, DoseInFuture, ReasonNeeded
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from uuid import UUID

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
    page = pages.child(current_actor(), child_id)
    return render_template("health_center/child.html", page=page, form=DoseForm(), check=None)


@bp.post("/children/<uuid:child_id>/doses")
def record_dose(child_id: UUID) -> ResponseReturnValue:
    """Add one administered dose; asks for a reason when the schedule speaks against it."""
    form, check = DoseForm(), None
    if form.validate_on_submit():
        try:
            service.record_dose(current_actor(), child_id, form.to_entry())
        except ReasonNeeded as problem:
            check = problem.check
        except (AlreadyRecorded, DoseBeforeBirth, DoseInFuture) as problem:
            form.given_on.errors = [explain(problem)]
        else:
            return _recorded(child_id)
    page = pages.child(current_actor(), child_id)
    return render_template("health_center/child.html", page=page, form=form, check=check), 422


def _recorded(child_id: UUID) -> ResponseReturnValue:
    flash(_("接種を記録しました。"))
    return redirect(url_for("health_center.child", child_id=child_id))
