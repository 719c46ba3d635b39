"""Passkeys in Chromium, with its virtual authenticator, against a portal on localhost."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from app.factory import create_app
from config.settings import PortalSettings
from scripts.tour import CAST, log_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import CDPSession, Page
    from werkzeug.serving import BaseWSGIServer

    from scripts.tour import Tour
    from scripts.world import World
    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser

PREFIX = "TSUNAGU_"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def localhost(running_world: World) -> Iterator[str]:
    """The demo's portal under a name: a browser ties no passkey to an address of numbers."""
    environment = running_world.environment()["portal"]
    fields = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        origin = f"http://localhost:{port}"
        portal = create_app(PortalSettings.model_validate({**fields, "origin": origin}))
        with _served(make_server("127.0.0.1", port, portal, threaded=True, fd=listening.fileno())):
            yield origin


@contextmanager
def _served(server: BaseWSGIServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(timeout=10)


@pytest.fixture
def person(visitor: Callable[..., Visitor], tour: Tour, localhost: str) -> Visitor:
    """Somebody who logged in by card just now, at the portal with a name.

    Taking off a passkey ends every other session, so nobody else's test shares this one.
    """
    someone = visitor("", 390)
    page = someone.context.new_page()
    log_in(tour, page, CAST["taro"])
    page.close()
    (cookie,) = (one for one in someone.context.cookies() if one.get("name") == "tsunagu")
    value = str(cookie.get("value"))
    someone.context.add_cookies([{"name": "tsunagu", "value": value, "url": localhost}])
    someone.origin = localhost
    return someone


def with_device(page: Page) -> tuple[CDPSession, str]:
    """Give the page an authenticator of its own; returns how to talk to it."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    added = devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return devices, str(added["authenticatorId"])


def add_passkey(page: Page, origin: str, label: str) -> None:
    """On the page of the account, by its button."""
    page.goto(origin + "/account")
    page.locator("#passkey-label").fill(label)
    page.locator("#passkey-start").click()


def remove_passkey(page: Page, origin: str, label: str) -> None:
    """On the page of the account, with its question."""
    page.goto(origin + "/account")
    card = page.locator("section.card", has=page.get_by_role("heading", name=label))
    card.locator("summary").click()
    card.get_by_role("button", name="パスキーを外す").click()
    expect(page.get_by_role("status").first).to_contain_text("パスキーを外しました")


def test_a_passkey_is_added_logs_in_and_is_removed(person: Visitor) -> None:
    page = person.page()
    with_device(page)
    add_passkey(page, person.origin, "台所のタブレット")
    expect(page.get_by_role("status").first).to_contain_text("パスキーを追加しました。")
    expect(page.get_by_role("heading", name="台所のタブレット")).to_be_visible()
    page.context.clear_cookies()
    page.goto(person.origin + "/login")
    page.locator("#passkey-start").click()
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(person.origin + "/account")
    this = page.locator("section.card", has_text="この画面")
    expect(this).to_contain_text("パスキーでログイン")
    expect(page.get_by_role("link", name="カードで確かめて追加する")).to_be_visible()
    assert person.complaints == []
    remove_passkey(page, person.origin, "台所のタブレット")
    page.context.clear_cookies()
    page.goto(person.origin + "/login")
    page.locator("#passkey-start").click()
    page.wait_for_url("**/login/failed/passkey-removed")
    expect(page.get_by_role("heading", level=1)).to_have_text("このパスキーは外されています")


def test_a_device_that_has_a_passkey_or_does_not_verify_is_told_so(person: Visitor) -> None:
    page = person.page()
    devices, device = with_device(page)
    add_passkey(page, person.origin, "でんわ")
    expect(page.get_by_role("heading", name="でんわ")).to_be_visible()
    add_passkey(page, person.origin, "もう一度")
    expect(page.locator("[data-passkey-when=held]")).to_be_visible()
    known = {"authenticatorId": device}
    devices.send("WebAuthn.setUserVerified", {**known, "isUserVerified": False})
    page.goto(person.origin + "/account")
    devices.send("WebAuthn.clearCredentials", known)
    page.locator("#passkey-start").click()
    expect(page.locator("[data-passkey-when=cancelled]")).to_be_visible()
    expect(page.locator("#passkey-start")).to_be_enabled()
    remove_passkey(page, person.origin, "でんわ")
    assert person.complaints == []


@pytest.mark.parametrize("width", [390, 640, 1280])
def test_the_pages_fit(visitor: Callable[..., Visitor], person: Visitor, width: int) -> None:
    for someone, path in ((person, "/account"), (person, "/account/refused/last-card")):
        page = someone.page()
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(someone.origin + path)
        assert page.evaluate(TOO_WIDE) == 0
        assert page.locator("h1").count() == 1
    stranger = visitor("", width)
    page = stranger.page()
    page.goto(person.origin + "/login")
    expect(page.locator("#passkey-start")).to_be_visible()
    assert page.evaluate(TOO_WIDE) == 0
    assert person.complaints + stranger.complaints == []
