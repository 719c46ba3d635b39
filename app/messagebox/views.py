"""Pages of the message box. The list of letters stands among the family's news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, render_template

from app.messagebox import pages
from app.web.access import current_actor

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("messagebox", __name__, url_prefix="/letters")


@bp.get("/<uuid:letter_id>")
def letter(letter_id: UUID) -> ResponseReturnValue:
    """One letter."""
    page = pages.letter(current_actor(), letter_id, current_app.extensions["sealer"])
    return render_template("messagebox/reminder.html", page=page)
