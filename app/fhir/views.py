"""A child's vaccinations as a file, for the family and the health center."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from app.fhir import service
from app.web.access import current_actor

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("fhir_export", __name__, url_prefix="/handbook")


@bp.get("/children/<uuid:child_id>/vaccinations.fhir.json")
def child(child_id: UUID) -> ResponseReturnValue:
    """Download one child's record."""
    export = service.export_child(current_actor(), child_id)
    answer = Response(export.body, mimetype="application/fhir+json")
    name = f"vaccinations-{export.made_on.isoformat()}.fhir.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-SHA256"] = export.sha256
    return answer
