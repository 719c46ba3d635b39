"""Pages of the worklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from app.health_center import worklist_pages as pages
from app.health_center.worklist_filter import Filter, Tab, read_filter
from app.immunization.schedule import load_schedule
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("worklist", __name__, url_prefix="/staff/worklist")


@bp.get("")
def rows() -> ResponseReturnValue:
    """What waits, the nearest deadline first."""
    page = pages.worklist(current_actor(), _wanted())
    return render_template("health_center/worklist.html", page=page, tab_names=_tab_names())


@bp.post("/export")
def export() -> ResponseReturnValue:
    """The whole list as a CSV file."""
    lines = pages.export(current_actor(), _wanted())
    answer = Response(lines, mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = "attachment; filename=worklist.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wanted() -> Filter:
    return read_filter(request.args, load_schedule().groups)


def _tab_names() -> dict[Tab, str]:
    return {
        Tab.SOON: _("30日以内に期限"),
        Tab.OVERDUE: _("標準の時期を過ぎた"),
        Tab.DUE: _("いま標準の時期"),
        Tab.EARLY: _("もう受けられる"),
        Tab.REVIEW: _("記録の確認が必要"),
        Tab.ENDED: _("期間が終わった"),
    }
