"""Security headers on every answer, and the policy that names what a page may load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.factory import create_app
from tests.app.browser import Browser, stranger
from tests.app.imaging.sharing import Desk

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from config.settings import PortalSettings
    from tests.app.world import World

REQUIRED = {
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
STRANGERS_PATHS = (
    "/", "/login", "/login/failed/not-registered", "/help/card-agent", "/nowhere", "/health",
    "/static/css/app.css", "/static/nowhere.css", "/static/../wsgi.py", "/logout", "/\x00",
    "/handbook/children/not-a-uuid", "/api/gateway/v1/events",
)  # fmt: skip


def directives(answer: TestResponse) -> dict[str, str]:
    """The policy as directive and value."""
    policy = answer.headers["Content-Security-Policy"]
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def check(answer: TestResponse) -> None:
    headers = {name: answer.headers.get(name) for name in REQUIRED}
    assert headers == REQUIRED
    assert "camera=()" in answer.headers["Permissions-Policy"]
    policy = directives(answer)
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe-inline" not in str(policy)
    assert "'unsafe-eval'" not in str(policy)
    assert answer.headers["Cache-Control"]
    assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]


@pytest.mark.parametrize("path", STRANGERS_PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_every_answer_carries_the_headers(stranger: Browser, path: str, method: str) -> None:
    check(stranger.client.open(path, method=method))


def test_a_fault_of_ours_carries_them_too(
    portal: Flask, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise RuntimeError("on purpose: 見本 太郎")

    monkeypatch.setitem(portal.view_functions, "identity.card_help", fail)
    monkeypatch.setitem(portal.config, "TESTING", False)  # noqa: FBT003 - its signature
    monkeypatch.setitem(portal.config, "PROPAGATE_EXCEPTIONS", False)  # noqa: FBT003
    page = stranger.get("/help/card-agent")
    assert page.status_code == 500
    check(page)
    assert "こちらの不具合です。" in page.text
    assert "見本" not in page.text.replace("見本市", "")
    assert "RuntimeError" not in page.text
    problem = stranger.get("/help/card-agent", headers={"Accept": "application/json"})
    assert problem.json is not None
    assert problem.json["code"] == "unexpected"
    assert problem.json["reference"]


def test_each_answer_has_a_nonce_of_its_own(stranger: Browser) -> None:
    nonces = {
        re.search(r"'nonce-([^']+)'", stranger.get("/login").headers["Content-Security-Policy"])[1]  # type: ignore[index]
        for _ in range(5)
    }
    assert len(nonces) == 5
    assert all(len(nonce) >= 22 for nonce in nonces)


def test_pages_connect_to_nobody_else(client_for: Callable[..., Browser]) -> None:
    page = client_for("mother").get("/handbook/")
    assert directives(page)["connect-src"] == "'self'"
    assert "blob:" not in directives(page)["img-src"]
    assert page.headers["Cache-Control"] == "no-store"


def test_the_viewer_may_reach_the_grants_gateways_and_no_other(
    portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    grant = Desk(portal, world).grant()
    page = client_for("physician").get(f"/imaging/grants/{grant}/view")
    policy = directives(page)
    assert policy["connect-src"] == "'self' http://127.0.0.1:8101"
    assert policy["worker-src"] == "'self'"
    assert "'wasm-unsafe-eval'" in policy["script-src"]
    nonce = re.search(r"'nonce-([^']+)'", policy["script-src"])
    assert nonce is not None
    assert f'nonce="{nonce[1]}"' in page.text


def test_over_https_the_browser_is_told_to_stay_there(
    settings: PortalSettings, database: str
) -> None:
    changed = {"origin": "https://tsunagu.example", "database_url": database}
    app = create_app(settings.model_copy(update=changed))
    answer = app.test_client().get("/login", base_url="https://tsunagu.example")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tsunagu=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie


def test_static_files_are_kept_by_their_content(portal: Flask) -> None:
    client = stranger(portal).client
    page = client.get("/login").text
    style = re.search(r'href="(/static/css/app\.css\?v=[^"]+)"', page)
    assert style is not None
    assert "immutable" in client.get(style[1]).headers["Cache-Control"]
    assert client.get("/static/css/app.css").headers["Cache-Control"] == "no-cache"
