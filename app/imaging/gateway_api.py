"""The door for gateways: ``POST /api/gateway/v1/events``, proved by the gateway's own key."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, current_app, request
from jsonschema import Draft202012Validator, FormatChecker

from app.authz.actor import Machine
from app.core import clock
from app.core.db import reading
from app.imaging import reports
from app.imaging.errors import BadReport, GatewayNotTrusted
from app.registry.enrolment import CLOCK_TOLERANCE
from app.registry.errors import ClockApart
from app.registry.queries import gateway_by_id
from app.web.signed_requests import RequestNotSigned, bearer_token, claimed_id, require_signed
from app.web.wire import wire_schema

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.registry.models import Gateway

bp = Blueprint("imaging_gateway", __name__, url_prefix="/api/gateway/v1")

TOKEN_TYPE = "tsunagu-gateway+jwt"  # noqa: S105 - a media type
MOST_EVENTS = 100
CHECK_STUDY: str = wire_schema("gateway-check")["$defs"]["study"]["const"]
"""The one study of a gateway's self-check: synthetic, removed again, of no patient."""

_event = Draft202012Validator(
    {"$defs": wire_schema("gateway-events")["$defs"]}
    | wire_schema("gateway-events")["properties"]["events"]["items"],
    format_checker=FormatChecker(),
)


@bp.post("/events")
def receive_events() -> ResponseReturnValue:
    """Take in a batch of events; answers which were accepted."""
    body = request.get_data(cache=False)
    gateway = _proved_gateway(body)
    events, malformed = _events(body)
    receipt = reports.take_in(gateway, events)
    receipt.rejected += [{"id": name, "reason": "malformed"} for name in malformed]
    return {"accepted": receipt.accepted, "rejected": receipt.rejected}


@bp.post("/check")
def check() -> ResponseReturnValue:
    """Tell a gateway that it is trusted and what time it is, with a token for its test study."""
    body = request.get_data(cache=False)
    claimed = _time_of(body)
    gateway = _proved_gateway(body, at=claimed)
    now = clock.now()
    if abs(now - claimed) > CLOCK_TOLERANCE:
        answer = {"code": ClockApart.code, "at": now.isoformat()}
        return answer, HTTPStatus.FORBIDDEN, {"Content-Type": "application/problem+json"}
    token = current_app.extensions["image_tokens"].issue_for_check(gateway.id, CHECK_STUDY, at=now)
    return {"at": now.isoformat(), "token": token}


def _time_of(body: bytes) -> datetime:
    try:
        at = datetime.fromisoformat(json.loads(body)["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadReport("no time") from None
    if at.tzinfo is None:
        raise BadReport("a time without a zone")
    return at


def _events(body: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    """Events that follow the contract, and the ids of those that never will.

    One bad event must not hold up the others for ever; only a report without the agreed frame, or
    with an event that has no id to answer by, raises ``BadReport``.
    """
    try:
        report = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReport("not JSON") from None
    events = report.get("events") if isinstance(report, dict) else None
    if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
        raise BadReport("no list of events")
    malformed = [_id_of(event) for event in events if not _follows_contract(event)]
    return [event for event in events if _follows_contract(event)], malformed


def _follows_contract(event: Any) -> bool:
    """By the schema, and without U+0000, which no DICOM text has and PostgreSQL cannot keep."""
    if not _event.is_valid(event):
        return False
    study = event.get("study", {})
    texts = (
        study.get("patient_id", ""),
        study.get("description", ""),
        *study.get("modalities", ()),
    )
    return not any("\x00" in text for text in texts)


def _id_of(event: object) -> str:
    try:
        return str(UUID(event["id"] if isinstance(event, dict) else ""))
    except (KeyError, ValueError, TypeError, AttributeError):
        raise BadReport("an event without an id") from None


def _proved_gateway(body: bytes, *, at: datetime | None = None) -> Machine:
    """The enrolled gateway whose key signed this very body just now, or at ``at``."""
    try:
        token = bearer_token(request.headers.get("Authorization", ""))
        gateway = _enrolled(claimed_id(token))
        require_signed(
            token,
            body,
            by=gateway.id,
            jwk=gateway.public_jwk,
            typ=TOKEN_TYPE,
            audience=current_app.config["ORIGIN"],
            at=at,
        )
    except RequestNotSigned as refusal:
        raise GatewayNotTrusted(str(refusal)) from refusal
    return Machine(gateway.id, gateway.organisation_id, gateway.organisation.name)


def _enrolled(gateway_id: UUID) -> Gateway:
    with reading() as session:
        gateway = gateway_by_id(session, gateway_id)
    if gateway is None:
        raise GatewayNotTrusted("unknown gateway")
    return gateway
