"""The FHIR door for other systems: ``$immds-forecast``, proved by the key of the one who asks."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from app.core.errors import NotFound, TsunaguError, Unauthenticated
from app.fhir import service
from app.fhir.capability import capability
from app.fhir.clients import proved_client
from app.fhir.errors import BadParameters, ClientNotTrusted
from app.fhir.outcome import Issue, outcome
from app.fhir.parameters import read_request
from app.fhir.terminology import load_terminology
from app.immunization.schedule import load_schedule
from app.web.errors import status_of
from app.web.limits import limiter

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.fhir.terminology import Element

bp = Blueprint("fhir", __name__, url_prefix="/api/fhir/r4")

FHIR_JSON = "application/fhir+json"
UNDERSTOOD = frozenset({FHIR_JSON, "application/json"})
FORECASTS = "600/minute"
"""Per address and minute: the systems of one organisation, at ten questions a second."""


@bp.get("/metadata")
def metadata() -> ResponseReturnValue:
    """What this door understands."""
    return _answer(capability(str(current_app.config["ORIGIN"])))


@bp.post("/$immds-forecast")
@limiter.limit(FORECASTS)
def immds_forecast() -> ResponseReturnValue:
    """Evaluate and forecast a child whose record another system keeps; nothing is stored."""
    body = request.get_data(cache=False)
    origin = str(current_app.config["ORIGIN"])
    client = proved_client(request.headers.get("Authorization", ""), body, audience=origin)
    if request.mimetype not in UNDERSTOOD:
        raise UnsupportedMediaType(f"send {FHIR_JSON}")
    asked = read_request(body, load_schedule(), load_terminology())
    return _answer(service.forecast(client, asked))


@bp.errorhandler(BadParameters)
def _bad_parameters(problem: BadParameters) -> Response:
    return _answer(outcome(problem.issues), status_of(problem))


@bp.errorhandler(TsunaguError)
def _refused(problem: TsunaguError) -> Response:
    return _answer(outcome([Issue(_issue_type(problem), problem.code)]), status_of(problem))


@bp.errorhandler(HTTPException)
def _not_taken(problem: HTTPException) -> Response:
    status = HTTPStatus(problem.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    code = "throttled" if status is HTTPStatus.TOO_MANY_REQUESTS else "processing"
    answer = _answer(outcome([Issue(code, status.phrase)]), status)
    retry = problem.get_response().headers.get("Retry-After")
    if retry is not None:
        answer.headers["Retry-After"] = retry
    return answer


def _issue_type(problem: TsunaguError) -> str:
    """FHIR's IssueType for a kind of error."""
    if isinstance(problem, ClientNotTrusted | Unauthenticated):
        return "login"
    return "not-found" if isinstance(problem, NotFound) else "forbidden"


def _answer(resource: Element, status: HTTPStatus = HTTPStatus.OK) -> Response:
    body = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    answer = Response(body, status, mimetype=FHIR_JSON)
    answer.headers["Cache-Control"] = "no-store"
    return answer
