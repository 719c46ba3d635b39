"""Pages of reminders at the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.reminders import messages, pages, service
from app.reminders.errors import GuardianNotFound, ImpossibleStop
from app.reminders.forms import StopForm
from app.web.access import current_actor
from app.web.i18n import gettext as _
from app.web.i18n import ngettext

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.core.errors import TsunaguError
    from app.reminders.pages import ChildReminders

bp = Blueprint("reminders", __name__, url_prefix="/staff")


@bp.get("/children/<uuid:child_id>/reminders")
def child(child_id: UUID) -> ResponseReturnValue:
    """What was sent about one child, and what stops it."""
    page = pages.child_reminders(current_actor(), child_id)
    return _shown(page, StopForm(page.guardians))


@bp.post("/children/<uuid:child_id>/reminders/stops")
def stop(child_id: UUID) -> ResponseReturnValue:
    """Stop reminders about a child."""
    page = pages.child_reminders(current_actor(), child_id)
    form = StopForm(page.guardians)
    if not form.validate_on_submit():
        return _shown(page, form), 422
    try:
        service.stop_reminders(current_actor(), child_id, form.to_entry())
    except (ImpossibleStop, GuardianNotFound) as problem:
        return _refused(page, form, problem)
    flash(_("お知らせを止めました。送る直前にも、もう一度確かめます。"))
    return redirect(url_for("reminders.child", child_id=child_id))


@bp.post("/children/<uuid:child_id>/reminders/stops/<uuid:stop_id>/end")
def resume(child_id: UUID, stop_id: UUID) -> ResponseReturnValue:
    """Let reminders go on."""
    service.resume_reminders(current_actor(), child_id, stop_id)
    flash(_("お知らせを再開します。"))
    return redirect(url_for("reminders.child", child_id=child_id))


@bp.get("/reminders/paper")
def paper() -> ResponseReturnValue:
    """Letters and address labels to be printed."""
    return render_template("reminders/paper.html", page=pages.paper(current_actor()))


@bp.post("/reminders/paper/printed")
def printed() -> ResponseReturnValue:
    """They were printed."""
    ids = [UUID(text) for text in request.form.getlist("reminder", type=_uuid)]
    count = service.mark_printed(current_actor(), ids)
    flash(ngettext("%(num)s件を、印刷済みにしました。", "%(num)s件を、印刷済みにしました。", count))
    return redirect(url_for("reminders.paper"))


def _shown(page: ChildReminders, form: StopForm) -> str:
    return render_template("reminders/child.html", page=page, form=form, words=messages)


def _refused(page: ChildReminders, form: StopForm, problem: TsunaguError) -> tuple[str, int]:
    field = form.guardian if isinstance(problem, GuardianNotFound) else form.group
    field.errors = [messages.explain(problem)]
    return _shown(page, form), 422


def _uuid(text: str) -> str:
    return str(UUID(text))
