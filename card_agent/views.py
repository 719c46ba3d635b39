"""Routes of the agent: two pages, their strings, and four answers to those pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response, current_app, render_template, request

from card_agent import wire
from card_agent.errors import CardAgentError, CardProblem, MalformedRequest, PageRefused, WrongPin
from card_agent.orders import carry_out
from card_agent.pages import BoundPage, Purpose
from card_agent.readers import card_state
from card_agent.services import Services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("agent", __name__)

_PIN_MAXIMUM = 64
_STATUSES = {"malformed-request": 400, "card-busy": 423}

_log = structlog.get_logger(__name__)


@blueprint.get("/v1/<any(auth, sign):purpose>")
def page(purpose: str) -> ResponseReturnValue:
    """The window that a portal page opens."""
    services = _services()
    token = services.pages.open(Purpose(purpose))
    _log.info("page_opened", purpose=purpose)
    return render_template(
        "page.html",
        purpose=purpose,
        page_token=token,
        simulated=services.transport.simulated,
        words=services.strings["ja"],
    )


@blueprint.get("/v1/strings.js")
def strings() -> ResponseReturnValue:
    """Every language's words as a script module, so that they live in one file only."""
    body = f"export default {json.dumps(_services().strings, ensure_ascii=False)};\n"
    return Response(body, mimetype="text/javascript")


@blueprint.post("/v1/caller")
def caller() -> ResponseReturnValue:
    """Bind the window to the origin the browser reported and to what it asks."""
    services, body = _services(), _body()
    token = _text(body, "page_token")
    purpose = services.pages.purpose(token)
    try:
        origin = services.allowed.require(body.get("caller"))
        order = _order(purpose, body)
    except PageRefused as refusal:
        services.pages.close(token)
        _log.warning("caller_refused", code=refusal.code)
        raise
    services.pages.bind(token, BoundPage(origin, order))
    return {"go": True}


@blueprint.post("/v1/card")
def card() -> ResponseReturnValue:
    """Readers, the chosen card and its tries left."""
    services, body = _services(), _body()
    bound = services.pages.bound(_text(body, "page_token"))
    wanted = body.get("reader")
    state = card_state(
        services.transport, bound.order, wanted=wanted if isinstance(wanted, str) else None
    )
    return state.as_json()


@blueprint.post("/v1/signature")
def signature() -> ResponseReturnValue:
    """Show the PIN to the card and answer with the message for the caller."""
    services, body = _services(), _body()
    token, reader = _text(body, "page_token"), _text(body, "reader")
    pin = _text(body, "pin", maximum=_PIN_MAXIMUM)
    with services.pages.signing(token) as bound:
        message = carry_out(services.transport, reader, bound.order, caller=bound.caller, pin=pin)
    _log.info("signed", kind=message["type"])
    return {"message": message}


@blueprint.post("/v1/cancel")
def cancel() -> ResponseReturnValue:
    """The person does not want to: the window's token opens nothing any more."""
    _services().pages.close(_text(_body(), "page_token"))
    return {}


@blueprint.errorhandler(CardAgentError)
def refused(error: CardAgentError) -> ResponseReturnValue:
    """The code for the page's words; the tries left after a wrong PIN."""
    _log.info("refused", code=error.code)
    answer: dict[str, object] = {"code": error.code}
    if isinstance(error, WrongPin):
        answer["tries_left"] = error.tries_left
    default = 409 if isinstance(error, CardProblem) else 403
    return answer, _STATUSES.get(error.code, default)


def _services() -> Services:
    services = current_app.extensions["card_agent"]
    assert isinstance(services, Services)  # noqa: S101 - narrows the type only
    return services


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise MalformedRequest
    return body


def _text(body: dict[str, Any], name: str, *, maximum: int = 512) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= maximum:
        raise MalformedRequest
    return value


def _order(purpose: Purpose, body: dict[str, Any]) -> wire.Order:
    if purpose is Purpose.AUTH:
        return wire.read_challenge(body.get("nonce"))
    return wire.read_document(body.get("text"))
