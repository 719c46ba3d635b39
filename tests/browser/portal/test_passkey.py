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
from scripts.tour import CAST, LONG, log_in, use_card
from tests.browser.portal.layout import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import CDPSession, Page
    from werkzeug.serving import BaseWSGIServer

    from scripts.tour import Tour
    from scripts.world import World
    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser

PREFIX = "TSUNAGU_"
IDLE_MS = 14 * 60 * 1000
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
def at_localhost(
    visitor: Callable[..., Visitor], tour: Tour, localhost: str
) -> Callable[..., Visitor]:
    """Somebody of the cast who logged in by card just now, at the portal with a name."""

    def make(key: str, width: int) -> Visitor:
        someone = visitor("", width)
        page = someone.context.new_page()
        log_in(tour, page, CAST[key])
        page.close()
        carry_session(someone, "127.0.0.1", localhost)
        someone.origin = localhost
        return someone

    return make


@pytest.fixture
def person(at_localhost: Callable[..., Visitor]) -> Visitor:
    """A father. Taking off a passkey ends every other session, so no other file's test is his."""
    return at_localhost("taro", 390)


def carry_session(someone: Visitor, host: str, origin: str) -> None:
    """Both portals share one database: the session of one host is good at the other."""
    (value,) = (
        str(one.get("value"))
        for one in someone.context.cookies()
        if (one.get("name"), one.get("domain")) == ("tsunagu", host)
    )
    someone.context.add_cookies([{"name": "tsunagu", "value": value, "url": origin}])


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
        fits(page)
        assert page.locator("h1").count() == 1
    stranger = visitor("", width)
    page = stranger.page()
    page.goto(person.origin + "/login")
    expect(page.locator("#passkey-start")).to_be_visible()
    fits(page)
    assert person.complaints + stranger.complaints == []


def test_a_passkey_opens_the_lock_and_the_form_is_as_it_was(
    at_localhost: Callable[..., Visitor],
) -> None:
    nurse = at_localhost("nurse", 1280)
    page = nurse.page()
    devices, device = with_device(page)
    add_passkey(page, nurse.origin, "しごとの端末")
    expect(page.get_by_role("heading", name="しごとの端末")).to_be_visible()
    held = devices.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    page.clock.install()
    page.goto(nurse.origin + "/staff/?q=さくら")
    page.locator("[data-open]").first.click()
    page.wait_for_url("**/staff/children/**")
    page.wait_for_load_state()
    page.locator("#lot").fill("LOT-KEY")
    page.clock.fast_forward(IDLE_MS)
    lock = page.get_by_role("dialog", name="画面をロックしました")
    expect(lock).to_be_visible(timeout=LONG)
    with page.expect_popup() as opened:
        lock.get_by_role("button", name="ロックを外す").click()
    opened.value.wait_for_load_state()
    others, other = with_device(opened.value)
    others.send("WebAuthn.addCredential", {"authenticatorId": other, "credential": held[0]})
    opened.value.locator("#passkey-start").click()
    expect(lock).to_be_hidden(timeout=LONG)
    expect(page.locator("#lot")).to_have_value("LOT-KEY")


def test_a_physician_with_a_passkey_is_asked_for_the_card_and_led_back(
    at_localhost: Callable[..., Visitor], tour: Tour
) -> None:
    doctor = at_localhost("physician", 1280)
    page = doctor.page()
    with_device(page)
    add_passkey(page, doctor.origin, "診察室")
    expect(page.get_by_role("heading", name="診察室")).to_be_visible()
    page.goto(tour.origin + "/")
    patient = str(page.locator("[data-open]").first.get_attribute("href"))
    page.context.clear_cookies()
    page.goto(doctor.origin + "/login")
    page.locator("#passkey-start").click()
    page.wait_for_url(lambda url: not url.endswith("/login"))
    carry_session(doctor, "localhost", tour.origin)
    page.goto(tour.origin + patient)
    expect(page.locator("main")).to_contain_text("ここから先は、カードが必要です")
    expect(page.locator("#passkey-start, a[href='/login/phone']")).to_have_count(0)
    tour.picture(page, "step-up")
    with page.expect_popup() as opened:
        page.locator("#card-start").click()
    use_card(opened.value, CAST["physician"], CAST["physician"].auth_pin)
    page.wait_for_url(tour.origin + patient)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    tour.picture(page, "step-up-back")


def test_the_page_for_a_lost_card_is_found_and_fits(
    visitor: Callable[..., Visitor], tour: Tour
) -> None:
    someone = visitor("", 390)
    page = someone.page()
    page.goto(someone.origin + "/login")
    page.get_by_role("link", name="カードをなくしたとき").click()
    expect(page.get_by_role("link", name="0120-95-0178")).to_be_visible()
    fits(page)
    tour.picture(page, "lost-card")
    assert someone.complaints == []
