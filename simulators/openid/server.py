"""The provider over HTTP on loopback: its endpoints, and the page of the simulated phone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
)
from werkzeug.serving import make_server

from simulators.jlis import clock
from simulators.openid.phones import Phones, PhoneTrouble, Trouble
from simulators.openid.provider import BadRequest, Client, Provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask.typing import ResponseReturnValue
    from werkzeug.serving import BaseWSGIServer

bp = Blueprint("openid", __name__)

FOLDER = Path(__file__).resolve().parent
REALM = "/api/realms/main"
PROTOCOL = f"{REALM}/protocol/openid-connect"
HOST = "127.0.0.1"
LARGEST_BODY = 16 * 1024
TROUBLES = {
    Trouble.NO_SUCH_PHONE: "スマートフォンをえらんでください。",
    Trouble.WRONG_PIN: "暗証番号がちがいます。",
    Trouble.PIN_BLOCKED: "暗証番号が止まっています。市区町村の窓口でもとにもどせます。",
    Trouble.NOT_LIVE: "このカードの電子証明書は、失効しているか、期限が切れています。",
}


def issuer_at(port: int) -> str:
    """The issuer of a provider on this port."""
    return f"http://{HOST}:{port}{REALM}"


@dataclass(frozen=True)
class Desk:
    """One provider with the phones it can reach, by a clock of its own."""

    provider: Provider
    phones: Phones
    now: Callable[[], datetime] = clock.now


def make_app(desk: Desk) -> Flask:
    """The provider's WSGI application."""
    app = Flask("simulators.openid", root_path=str(FOLDER))
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.extensions["desk"] = desk
    app.register_blueprint(bp)
    return app


@bp.get(f"{REALM}/.well-known/openid-configuration")
def metadata() -> ResponseReturnValue:
    """What the provider says of itself."""
    provider = _desk().provider
    if provider.faults.wrong_content is not None:
        return Response(provider.faults.wrong_content, mimetype="application/json")
    return jsonify(provider.metadata())


@bp.get(f"{PROTOCOL}/certs")
def certs() -> ResponseReturnValue:
    """Its public keys."""
    return jsonify(_desk().provider.jwks())


@bp.get(f"{PROTOCOL}/auth")
def ask() -> ResponseReturnValue:
    """The page of the phone, or back with an error."""
    client, asked = _client(), request.args.to_dict()
    try:
        _desk().provider.read_wish(asked)
    except BadRequest as refusal:
        return _back(asked, {"error": refusal.code})
    return _page(client)


@bp.post(f"{PROTOCOL}/auth")
def decide() -> ResponseReturnValue:
    """The person chose a phone and typed a PIN, or does not want to."""
    client, asked, desk = _client(), request.args.to_dict(), _desk()
    wish, at = desk.provider.read_wish(asked), desk.now()
    if "cancel" in request.form:
        return _back(asked, {"error": "access_denied"})
    chosen = request.form.get("phone", "")
    try:
        phone = desk.phones.authenticate(chosen, request.form.get("pin", ""), at=at)
    except PhoneTrouble as trouble:
        return _page(client, chosen=chosen, trouble=trouble), 403
    return _back(asked, {"code": desk.provider.grant(wish, phone.key, at=at)})


@bp.post(f"{PROTOCOL}/token")
def token() -> ResponseReturnValue:
    """A code becomes an ID token."""
    desk = _desk()
    try:
        answer = jsonify(desk.provider.redeem(request.form.to_dict(), at=desk.now()))
    except BadRequest as refusal:
        status = 401 if refusal.code == "invalid_client" else 400
        return {"error": refusal.code, "error_description": str(refusal)}, status
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.errorhandler(BadRequest)
def refused(refusal: BadRequest) -> ResponseReturnValue:
    """Shown here: an address that is not registered is never sent to."""
    return render_template("refused.html", code=refusal.code), 400


@bp.get("/healthz")
def health() -> ResponseReturnValue:
    """Alive."""
    return Response("simulated OpenID provider\n", mimetype="text/plain")


def bind(app: Flask, port: int) -> BaseWSGIServer:
    """A threaded server on loopback; port 0 takes a free one."""
    return make_server(HOST, port, app, threaded=True)


def _desk() -> Desk:
    return cast("Desk", current_app.extensions["desk"])


def _client() -> Client:
    """The client of the request. Raises BadRequest, which is shown and never sent anywhere."""
    client = _desk().provider.clients.get(request.args.get("client_id", ""))
    if client is None or request.args.get("redirect_uri") not in client.redirect_uris:
        raise BadRequest("invalid_client", "not a registered client or address")
    return client


def _page(client: Client, *, chosen: str = "", trouble: PhoneTrouble | None = None) -> str:
    return render_template(
        "phone.html",
        phones=_desk().phones.all(),
        client=client.client_id,
        chosen=chosen,
        trouble=TROUBLES[trouble.trouble] if trouble else "",
        tries_left=trouble.tries_left if trouble else 0,
    )


def _back(asked: dict[str, str], answer: dict[str, str]) -> ResponseReturnValue:
    provider = _desk().provider
    named = provider.faults.answering_issuer or provider.issuer
    parameters = {**answer, "state": asked.get("state", ""), "iss": named}
    return redirect(f"{asked['redirect_uri']}?{urlencode(parameters)}", 303)
