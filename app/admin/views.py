"""Pages of the operator's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from app.admin import pages
from app.web.access import current_actor

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/")
def overview() -> ResponseReturnValue:
    """Is everything sound?"""
    return render_template("admin/overview.html", page=pages.overview(current_actor()))
