"""The door for gateways to be: ``POST /api/gateway/v1/enrolments``, proved by code and new key."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, current_app, request
from jsonschema import Draft202012Validator, FormatChecker

from app.core import clock
from app.core.errors import Misconfigured
from app.registry import enrolment
from app.registry.errors import BadEnrolment, ClockApart, EnrolmentNotSigned
from app.web.errors import status_of
from app.web.limits import limiter
from app.web.signed_requests import RequestNotSigned, bearer_token, require_signed
from app.web.wire import wire_schema

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("registry_gateway", __name__, url_prefix="/api/gateway/v1")

TOKEN_TYPE = "tsunagu-enrolment+jwt"  # noqa: S105 - a media type

_request = Draft202012Validator(wire_schema("gateway-enrolment"), format_checker=FormatChecker())


@bp.post("/enrolments")
@limiter.limit("20/minute")
def enrol() -> ResponseReturnValue:
    """Exchange keys with a gateway that knows a code."""
    body = request.get_data(cache=False)
    content = _content(body)
    command = _command(content)
    _require_key_holder(content, body, at=command.at)
    try:
        enrolled = enrolment.enrol(command)
    except ClockApart as refusal:
        answer = {"code": refusal.code, "at": clock.now().isoformat()}
        return answer, status_of(refusal), {"Content-Type": "application/problem+json"}
    return {
        "gateway_id": str(enrolled.gateway_id),
        "organisation": enrolled.organisation_name,
        "base_url": enrolled.base_url,
        "portal": current_app.config["ORIGIN"],
        "keys": [current_app.extensions["image_tokens"].key.public_jwk()],
        "at": clock.now().isoformat(),
    }, 201


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise BadEnrolment("not JSON") from None
    if not _request.is_valid(content):
        raise BadEnrolment("not as agreed")
    return dict(content)


def _require_key_holder(content: dict[str, Any], body: bytes, *, at: datetime) -> None:
    """Whoever brings the key must have signed this very body with it, at the time it says.

    Whether that time is right is judged afterwards, with an answer that helps.
    """
    try:
        require_signed(
            bearer_token(request.headers.get("Authorization", "")),
            body,
            by=UUID(content["request"]),
            jwk=content["public_jwk"],
            typ=TOKEN_TYPE,
            audience=current_app.config["ORIGIN"],
            at=at,
        )
    except (RequestNotSigned, Misconfigured) as refusal:
        raise EnrolmentNotSigned(str(refusal)) from refusal


def _command(content: dict[str, Any]) -> enrolment.Enrolment:
    try:
        at = datetime.fromisoformat(content["at"])
    except ValueError:
        raise BadEnrolment("no time") from None
    if at.tzinfo is None:
        raise BadEnrolment("a time without a zone")
    return enrolment.Enrolment(content["code"], content["public_jwk"], at)
