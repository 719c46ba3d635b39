"""Requests that must not be served, and the headers of those that are."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from card_agent import peer
from card_agent.errors import CannotStart, UntrustedPeer
from card_agent.factory import choose_transport, create_app, load_strings
from card_agent.guard import PEER_PORT
from card_agent.origins import AllowList
from card_agent.serve import bind
from card_agent.settings import CardAgentSettings, Mode
from tests.card_agent.stage import NONCE
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from card_agent.desk import DeskTransport

PORT = 8300
OWN = f"http://127.0.0.1:{PORT}"
PORTAL = "https://portal.example"
POSTS = ["/v1/caller", "/v1/card", "/v1/signature", "/v1/cancel"]


@pytest.fixture
def client(transport: DeskTransport) -> FlaskClient:
    app = create_app(transport, port=PORT, allowed_origins=(PORTAL,), owner_check=None)
    return app.test_client()


def get(client: FlaskClient, path: str = "/v1/auth", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers={"Host": f"127.0.0.1:{PORT}"} | named)


def post(client: FlaskClient, path: str, body: object, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    usual = {"Host": f"127.0.0.1:{PORT}", "Origin": OWN, "Sec-Fetch-Site": "same-origin"}
    return client.post(path, json=body, headers=usual | named)


def open_page(client: FlaskClient, purpose: str = "auth") -> str:
    found = re.search(r'name="page-token" content="([^"]+)"', get(client, f"/v1/{purpose}").text)
    assert found
    return found[1]


def bind_page(client: FlaskClient, *, caller: str = PORTAL) -> str:
    token = open_page(client)
    answer = post(client, "/v1/caller", {"page_token": token, "caller": caller, "nonce": NONCE})
    assert answer.json == {"go": True}
    return token


def sign(client: FlaskClient, token: str, pin: str = AUTH_PIN) -> TestResponse:
    return post(client, "/v1/signature", {"page_token": token, "reader": "hanako", "pin": pin})


def refusal(answer: TestResponse) -> tuple[int, str]:
    assert answer.json
    return answer.status_code, answer.json["code"]


@pytest.mark.parametrize("path", ["/v1/auth", "/v1/sign", "/static/agent.js", "/nothing"])
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    headers = get(client, path).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "loopback-network=()" in headers["Permissions-Policy"]


def test_nothing_cuts_the_link_to_the_portal_and_no_cookie_is_set(client: FlaskClient) -> None:
    headers = get(client).headers
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "Access-Control-Allow-Origin" not in headers
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "host",
    ["localhost:8300", "127.1:8300", "[::1]:8300", "127.0.0.1", "127.0.0.1:8301", "", "evil"],
)
def test_another_host_name_is_misdirected(client: FlaskClient, host: str) -> None:
    assert get(client, Host=host).status_code == 421


@pytest.mark.parametrize("destination", ["iframe", "frame", "embed", "object", "empty"])
def test_the_page_is_served_as_a_document_only(client: FlaskClient, destination: str) -> None:
    assert get(client, Sec_Fetch_Dest=destination).status_code == 403
    assert get(client, Sec_Fetch_Dest="document").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/static/agent.js", "/v1/strings.js"])
def test_parts_of_the_page_are_not_served_to_others(
    client: FlaskClient, path: str, site: str
) -> None:
    assert get(client, path, Sec_Fetch_Site=site).status_code == 403
    assert get(client, path, Sec_Fetch_Site="same-origin").status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("origin", [PORTAL, "http://127.0.0.1:8301", "null", "", OWN + "/"])
def test_a_post_from_another_origin_is_refused(client: FlaskClient, path: str, origin: str) -> None:
    token = open_page(client)
    assert post(client, path, {"page_token": token}, Origin=origin).status_code == 403


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("site", ["same-site", "cross-site", "none"])
def test_a_post_from_another_site_or_port_is_refused(
    client: FlaskClient, path: str, site: str
) -> None:
    answer = post(client, path, {"page_token": open_page(client)}, Sec_Fetch_Site=site)
    assert answer.status_code == 403


def test_a_post_without_origin_is_refused_and_without_fetch_metadata_served(
    client: FlaskClient,
) -> None:
    body = {"page_token": open_page(client), "caller": PORTAL, "nonce": NONCE}
    host = {"Host": f"127.0.0.1:{PORT}"}
    assert client.post("/v1/caller", json=body, headers=host).status_code == 403
    assert client.post("/v1/caller", json=body, headers=host | {"Origin": OWN}).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_only_json_is_read(client: FlaskClient, content_type: str) -> None:
    headers = {"Host": f"127.0.0.1:{PORT}", "Origin": OWN}
    answer = client.post("/v1/card", data="{}", content_type=content_type, headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("body", [[], "text", 5, {}, {"page_token": 1}, {"page_token": ""}])
@pytest.mark.parametrize("path", POSTS)
def test_a_malformed_body_is_refused(client: FlaskClient, path: str, body: object) -> None:
    assert refusal(post(client, path, body)) == (400, "malformed-request")


def test_a_huge_body_is_not_read(client: FlaskClient) -> None:
    answer = post(client, "/v1/caller", {"page_token": "x", "text": "x" * 200_000})
    assert answer.status_code in {400, 413}


@pytest.mark.parametrize("token", ["missing", "x" * 43])
def test_an_unknown_page_token_opens_nothing(client: FlaskClient, token: str) -> None:
    for path in ("/v1/card", "/v1/caller"):
        assert refusal(post(client, path, {"page_token": token})) == (403, "page-expired")
    assert refusal(sign(client, token)) == (403, "page-expired")


@pytest.mark.parametrize("caller", ["https://evil.example", "null", PORTAL + "/", 7, None])
def test_a_caller_that_is_not_on_the_list_ends_the_page(
    client: FlaskClient, caller: object
) -> None:
    token = open_page(client)
    body = {"page_token": token, "caller": caller, "nonce": NONCE}
    assert refusal(post(client, "/v1/caller", body)) == (403, "caller-not-allowed")
    again = post(client, "/v1/caller", body | {"caller": PORTAL})
    assert refusal(again) == (403, "page-expired")


@pytest.mark.parametrize("nonce", ["", "x" * 42, "x" * 44, "x" * 42 + "+", 43, None])
def test_a_malformed_nonce_is_refused(client: FlaskClient, nonce: object) -> None:
    body = {"page_token": open_page(client), "caller": PORTAL, "nonce": nonce}
    assert refusal(post(client, "/v1/caller", body)) == (400, "malformed-request")


@pytest.mark.parametrize(
    "text",
    ["", " \n", "x" * 8001, "a\u202eb", "a\u200bb", "a\x00b", "a\rb", "a\u2028b", "\ue000", None],
)
def test_a_text_that_cannot_be_shown_as_it_is_is_refused(client: FlaskClient, text: object) -> None:
    body = {"page_token": open_page(client, "sign"), "caller": PORTAL, "text": text}
    assert refusal(post(client, "/v1/caller", body)) == (400, "malformed-request")


def test_each_page_takes_only_its_own_kind_of_order(client: FlaskClient) -> None:
    challenge = {"page_token": open_page(client, "sign"), "caller": PORTAL, "nonce": NONCE}
    document = {"page_token": open_page(client, "auth"), "caller": PORTAL, "text": "text"}
    for body in (challenge, document):
        assert refusal(post(client, "/v1/caller", body)) == (400, "malformed-request")


def test_the_first_order_of_a_page_stands(client: FlaskClient) -> None:
    token = bind_page(client)
    second = {"page_token": token, "caller": PORTAL, "nonce": "B" * 43}
    assert refusal(post(client, "/v1/caller", second)) == (403, "page-expired")


def test_nothing_is_signed_before_the_caller_is_known(client: FlaskClient) -> None:
    assert refusal(sign(client, open_page(client))) == (403, "page-expired")


def test_a_page_signs_once(client: FlaskClient) -> None:
    token = bind_page(client)
    assert sign(client, token).status_code == 200
    assert refusal(sign(client, token)) == (403, "page-expired")


def test_a_cancelled_page_signs_nothing(client: FlaskClient) -> None:
    token = bind_page(client)
    assert post(client, "/v1/cancel", {"page_token": token}).status_code == 200
    assert refusal(sign(client, token)) == (403, "page-expired")


def test_a_wrong_pin_leaves_the_page_usable(client: FlaskClient) -> None:
    token = bind_page(client)
    wrong = sign(client, token, "0000")
    assert refusal(wrong) == (409, "wrong-pin")
    assert wrong.json is not None
    assert wrong.json["tries_left"] == 2
    assert sign(client, token).status_code == 200


def test_a_malformed_pin_costs_no_try(client: FlaskClient) -> None:
    token = bind_page(client)
    assert refusal(sign(client, token, SIGN_PIN)) == (409, "malformed-pin")
    state: Any = post(client, "/v1/card", {"page_token": token}).json
    assert state["tries_left"] == 3


def test_a_held_card_answers_locked(client: FlaskClient, transport: DeskTransport) -> None:
    token = bind_page(client)
    connection = transport.connect("hanako")
    assert refusal(sign(client, token)) == (423, "card-busy")
    connection.close()
    assert sign(client, token).status_code == 200


def test_logs_never_carry_pin_text_or_nonce(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as lines:
        token = bind_page(client)
        sign(client, token, "9753")
        sign(client, token)
    said = f"{lines}{''.join(capsys.readouterr())}"
    assert ("refused", "wrong-pin") in [(line["event"], line.get("code")) for line in lines]
    for secret in ("9753", AUTH_PIN, NONCE, token, "CN="):
        assert secret not in said


def test_another_users_connection_is_refused(transport: DeskTransport) -> None:
    def foreign(_peer_port: int, _own_port: int) -> None:
        raise UntrustedPeer

    app = create_app(transport, port=PORT, allowed_origins=(PORTAL,), owner_check=foreign)
    answer = app.test_client().get(
        "/v1/auth", headers={"Host": f"127.0.0.1:{PORT}"}, environ_base={PEER_PORT: 1}
    )
    assert answer.status_code == 403


def test_the_owner_of_a_connection_is_read_from_the_system(monkeypatch: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        own = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", own)) as client_end:
            port = client_end.getsockname()[1]
            peer.require_own_user(port, own)
            with pytest.raises(UntrustedPeer):
                peer.require_own_user(own, own)
            other = os.getuid() + 1
            monkeypatch.setattr(os, "getuid", lambda: other)
            with pytest.raises(UntrustedPeer):
                peer.require_own_user(port, own)


def test_a_taken_port_stops_the_start() -> None:
    with bind(0) as first, pytest.raises(CannotStart, match="is taken"):
        bind(first.server_port)


def test_the_agent_listens_on_loopback_only() -> None:
    with bind(0) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"


def settings(mode: Mode, readers: str) -> CardAgentSettings:
    return CardAgentSettings().model_copy(update={"mode": mode, "simulated_readers": readers})


def test_production_refuses_simulated_readers() -> None:
    with pytest.raises(CannotStart, match="production"):
        choose_transport(settings(Mode.PRODUCTION, "127.0.0.1:8400"))
    assert choose_transport(settings(Mode.TEST, "127.0.0.1:8400")).simulated


@pytest.mark.parametrize("readers", ["example.com:8400", "127.0.0.1", "0.0.0.0:8400", "8400"])
def test_the_card_desk_must_be_on_this_computer(readers: str) -> None:
    with pytest.raises(CannotStart):
        choose_transport(settings(Mode.DEVELOPMENT, readers))


@pytest.mark.parametrize(
    "origin", ["http://portal.example", "https://portal.example/", "*", "https://", "null", ""]
)
def test_only_origins_a_browser_would_send_can_be_allowed(origin: str) -> None:
    with pytest.raises(CannotStart):
        AllowList((origin,))


def test_every_language_has_every_word() -> None:
    strings = load_strings()
    assert set(strings) == {"ja", "easy", "en"}
    assert strings["ja"].keys() == strings["easy"].keys() == strings["en"].keys()
