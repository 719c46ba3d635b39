"""Pages of a clinic day: choose, fill the list, see what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, session, url_for

from app.core import clock
from app.core.ids import new_id
from app.health_center import bulk_pages, selection
from app.health_center.clinic_day_forms import (
    ClinicDayForm,
    ClinicDaySaveForm,
    ListUnreadable,
    TypedRow,
    read_rows,
    to_rows,
)
from app.health_center.desk import Desk, keep_desk, read_desk
from app.health_center.forms import ReasonForm
from app.health_center.messages import explain_row
from app.immunization import clinic_day_service, undo_service
from app.immunization.clinic_day_service import MOST_ROWS
from app.immunization.errors import CopyDiffers, RowsNotReady
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.core.errors import TsunaguError

bp = Blueprint("clinic_day", __name__, url_prefix="/staff/clinic-day")


@bp.get("")
def choose() -> ResponseReturnValue:
    """Vaccine, lot, day, place, and which children came."""
    form = ClinicDayForm.at(read_desk(session, clock.today()), clock.today(), due_only=True)
    page = bulk_pages.recent(current_actor())
    return render_template("health_center/clinic_day.html", form=form, page=page, nobody=None)


@bp.post("/list")
def fill() -> ResponseReturnValue:
    """The list with the look before the shot for each child."""
    form = ClinicDayForm()
    if not form.validate_on_submit():
        return _ask_again(form, None)
    entry = form.to_entry()
    keep_desk(session, Desk.of(entry), clock.today())
    chosen = selection.choose(current_actor(), form.wanted(), entry)
    if not chosen.candidates:
        return _ask_again(form, chosen)
    save = ClinicDaySaveForm(formdata=None, data=form.data | {"key": str(new_id())})
    return _show(save, chosen, {}, {})


@bp.post("")
def record() -> ResponseReturnValue:
    """Record the whole list, or nothing and say which rows need a look."""
    form, typed = ClinicDaySaveForm(), read_rows(request.form)
    if not form.validate_on_submit():
        raise ListUnreadable("none of our pages sends this")
    actor = current_actor()
    try:
        bulk = clinic_day_service.record_clinic_day(actor, form.to_day(to_rows(typed)))
    except RowsNotReady as problem:
        ids = [row.child_id for row in typed]
        chosen = selection.look_again(actor, ids, form.to_entry())
        return _show(form, chosen, {row.child_id: row for row in typed}, problem.faults), 422
    return redirect(url_for("clinic_day.recorded", entry_id=bulk.id))


@bp.get("/<uuid:entry_id>")
def recorded(entry_id: UUID) -> ResponseReturnValue:
    """What one entry recorded, row by row."""
    page = bulk_pages.bulk(current_actor(), entry_id)
    return render_template("health_center/bulk.html", page=page, form=ReasonForm())


@bp.post("/<uuid:entry_id>/undo")
def undo(entry_id: UUID) -> ResponseReturnValue:
    """Take back everything one entry recorded."""
    form = ReasonForm()
    if not form.validate_on_submit():
        page = bulk_pages.bulk(current_actor(), entry_id)
        return render_template("health_center/bulk.html", page=page, form=form), 422
    undo_service.start_undo(current_actor(), entry_id, form.reason.data)
    return _undo_next(entry_id)


@bp.post("/<uuid:entry_id>/undo/go-on")
def undo_go_on(entry_id: UUID) -> ResponseReturnValue:
    """Take back the next children's doses."""
    return _undo_next(entry_id)


def _undo_next(entry_id: UUID) -> ResponseReturnValue:
    if undo_service.undo_next(current_actor(), entry_id).undone_at is not None:
        flash(_("この記録を、まとめて取り消しました。"))
    return redirect(url_for("clinic_day.recorded", entry_id=entry_id))


def _ask_again(form: ClinicDayForm, nobody: selection.Selection | None) -> ResponseReturnValue:
    page = bulk_pages.recent(current_actor())
    shown = render_template("health_center/clinic_day.html", form=form, page=page, nobody=nobody)
    return shown, 422


def _show(
    form: ClinicDaySaveForm,
    chosen: selection.Selection,
    typed: Mapping[UUID, TypedRow],
    faults: Mapping[UUID, TsunaguError],
) -> str:
    said = {child_id: explain_row(fault) for child_id, fault in faults.items()}
    differing = {one.child.id: one.differs for one in chosen.candidates if one.differs}
    differing |= {id_: fault for id_, fault in faults.items() if isinstance(fault, CopyDiffers)}
    return render_template(
        "health_center/clinic_day_list.html",
        form=form,
        chosen=chosen,
        typed=typed,
        faults=said,
        differing=differing,
        most=MOST_ROWS,
    )
