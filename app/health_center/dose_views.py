"""Pages of one dose at the desk: its versions, a correction, a void, a move to the right child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for

from app.health_center import pages
from app.health_center.forms import CorrectionForm, MoveForm, ReasonForm
from app.health_center.messages import explain
from app.immunization import correction_service as service
from app.immunization.errors import (
    AlreadyRecorded,
    CorrectionReasonNeeded,
    DoseBeforeBirth,
    DoseInFuture,
    NothingCorrected,
    SameChild,
)
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("doses", __name__, url_prefix="/staff/children/<uuid:child_id>/doses/<uuid:dose_id>")


@bp.get("")
def dose(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Every version of a dose, and what can be done about it."""
    return _show(child_id, dose_id)


@bp.post("/correct")
def correct(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Write the next version."""
    form = CorrectionForm()
    if form.validate_on_submit():
        try:
            service.correct_dose(current_actor(), child_id, dose_id, form.to_entry())
        except (AlreadyRecorded, DoseBeforeBirth, DoseInFuture, NothingCorrected) as problem:
            form.given_on.errors = [explain(problem)]
        except CorrectionReasonNeeded as problem:
            form.reason.errors = [explain(problem)]
        else:
            return _done(child_id, _("記録を直しました。"))
    return _show(child_id, dose_id, correcting=form), 422


@bp.post("/void")
def void(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Take the dose back."""
    form = ReasonForm(prefix="void")
    if not form.validate_on_submit():
        return _show(child_id, dose_id, voiding=form), 422
    service.void_dose(current_actor(), child_id, dose_id, form.reason.data)
    return _done(child_id, _("記録を取り消しました。"))


@bp.post("/move")
def move(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Record the dose for the child it was given to."""
    form, actor = MoveForm(prefix="move"), current_actor()
    if form.validate_on_submit():
        right = pages.child_numbered(actor, form.number.data or "")
        if right is None:
            form.number.errors = [_("この番号のお子さんは見つかりません。番号を確かめてください。")]
            return _show(child_id, dose_id, moving=form), 422
        try:
            service.move_dose(actor, child_id, dose_id, right, form.reason.data)
        except (AlreadyRecorded, DoseBeforeBirth, SameChild) as problem:
            form.number.errors = [explain(problem)]
        else:
            return _done(child_id, _("正しいお子さんの記録に移しました。"))
    return _show(child_id, dose_id, moving=form), 422


def _show(
    child_id: UUID,
    dose_id: UUID,
    *,
    correcting: CorrectionForm | None = None,
    voiding: ReasonForm | None = None,
    moving: MoveForm | None = None,
) -> str:
    page = pages.dose(current_actor(), child_id, dose_id)
    return render_template(
        "health_center/dose.html",
        page=page,
        form=correcting or CorrectionForm.of(page.versions[0]),
        voiding=voiding or ReasonForm(prefix="void"),
        moving=moving or MoveForm(prefix="move"),
    )


def _done(child_id: UUID, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("health_center.child", child_id=child_id))
