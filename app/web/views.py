"""Pages of no feature: the way home, the language, and whether we are alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, url_for

from app.authz.actor import Role
from app.web.access import current_actor

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("web", __name__)

HOME_OF_ROLE = {
    Role.NURSE: "health_center.search",
    Role.PHYSICIAN: "imaging.worklist",
    Role.RECEPTIONIST: "imaging.reception",
    Role.ADMINISTRATOR: "admin.overview",
}


@bp.get("/")
def home() -> ResponseReturnValue:
    """The first screen of whoever is logged in: their desk, or the family's handbook."""
    roles = [membership.role for membership in current_actor().memberships]
    endpoint = HOME_OF_ROLE[roles[0]] if roles else "home.family"
    return redirect(url_for(endpoint))
