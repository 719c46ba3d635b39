"""The agent's window in a real browser, opened by a portal page (headless Chromium)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from playwright.sync_api import expect

from tests.card_agent.stage import NONCE, running_portal
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, write_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from card_agent.desk import DeskTransport
    from simulators.card.desk_server import DeskServer
    from tests.card_agent.stage import PortalServer, RunningAgent


pytestmark = pytest.mark.browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    made.set_default_timeout(10_000)
    yield made
    made.close()


def open_agent(context: BrowserContext, portal: PortalServer) -> tuple[Page, Page]:
    """The portal page and the window it opened."""
    page = context.new_page()
    page.goto(portal.origin)
    return page, press(page)


def press(page: Page) -> Page:
    """Press the portal's button and return the window."""
    with page.expect_popup() as popup:
        page.click("#open")
    return popup.value


def heard(page: Page, kind: str) -> dict[str, Any]:
    """The first message of this type that the portal page received."""
    page.wait_for_function("kind => window.heard.some(m => m.type === kind)", arg=kind)
    found = page.evaluate("kind => window.heard.find(m => m.type === kind)", kind)
    assert isinstance(found, dict)
    return found


def heard_types(page: Page) -> list[str]:
    return [message["type"] for message in page.evaluate("window.heard")]


def submit(window: Page, pin: str) -> None:
    window.fill("#pin", pin)
    window.click("#go")


def verifies(token: dict[str, Any], origin: str) -> bool:
    """Whether the token answers the stage's nonce for this origin; raises when it does not."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["certificate"]))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    digests = [hashlib.sha256(part.encode()).digest() for part in (origin, NONCE)]
    signed = b"tsunagu-card-login-v1\x00" + b"".join(digests)
    signature = base64.b64decode(token["signature"])
    key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    return True


@pytest.mark.usefixtures("agent")
def test_a_login_travels_from_the_portal_to_the_card_and_back(
    context: BrowserContext, portal: PortalServer
) -> None:
    page, window = open_agent(context, portal)
    expect(window.locator("#caller")).to_have_text(portal.origin)
    expect(window.locator("#tries")).to_contain_text("あと3回")
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    assert verifies(heard(page, "token"), portal.origin)


def test_a_wrong_pin_is_told_in_the_window_alone(
    agent: RunningAgent, context: BrowserContext, portal: PortalServer
) -> None:
    del agent
    page, window = open_agent(context, portal)
    submit(window, "0000")
    expect(window.locator("#message")).to_contain_text("あと2回")
    expect(window.locator("#tries")).to_contain_text("あと2回")
    expect(window.locator("#pin")).to_have_value("")
    assert heard_types(page) == ["ready"]
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    assert heard(page, "token")


def test_a_text_is_shown_in_full_and_signed(
    agent: RunningAgent, context: BrowserContext, portal: PortalServer
) -> None:
    text = "<b>同意書</b>\n\n1行目\n2行目"
    order = json.dumps({"type": "document", "version": 1, "text": text})
    portal.prepare(agent, purpose="sign", order=order)
    page, window = open_agent(context, portal)
    expect(window.locator("#document-text")).to_have_text(text, use_inner_text=True)
    with window.expect_event("close"):
        submit(window, SIGN_PIN.lower())
    assert heard(page, "signed")["cms"]


@pytest.mark.usefixtures("agent")
def test_a_reloaded_window_asks_again_and_works(
    context: BrowserContext, portal: PortalServer
) -> None:
    page, window = open_agent(context, portal)
    expect(window.locator("#pin")).to_be_enabled()
    window.reload()
    expect(window.locator("#pin")).to_be_enabled()
    assert heard_types(page) == ["ready", "ready"]
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    assert heard(page, "token")


@pytest.mark.usefixtures("agent")
def test_a_second_challenge_changes_nothing(context: BrowserContext, portal: PortalServer) -> None:
    page, window = open_agent(context, portal)
    expect(window.locator("#pin")).to_be_enabled()
    other = {"type": "challenge", "version": 1, "nonce": "B" * 43}
    page.evaluate("other => window.agentWindow.postMessage(other, '*')", other)
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    token = heard(page, "token")
    assert verifies(token, portal.origin)


@pytest.mark.usefixtures("agent")
def test_a_claimed_origin_is_not_believed(context: BrowserContext, portal: PortalServer) -> None:
    page = context.new_page()
    page.goto(portal.origin)
    page.evaluate("window.order = {...window.order, origin: 'https://bank.example'}")
    window = press(page)
    expect(window.locator("#caller")).to_have_text(portal.origin)


def test_a_stranger_is_named_and_gets_no_answer(
    agent: RunningAgent, context: BrowserContext, portal: PortalServer
) -> None:
    with running_portal() as stranger:
        stranger.script = portal.script
        page, window = open_agent(context, stranger)
        expect(window.locator("#caller")).to_have_text(stranger.origin)
        expect(window.locator("#message")).to_contain_text("許可されていません")
        expect(window.locator("#pin")).to_be_hidden()
        assert heard_types(page) == ["ready"]
    del agent


@pytest.mark.usefixtures("agent")
def test_a_sandboxed_page_is_shown_as_null_and_refused(
    context: BrowserContext, portal: PortalServer
) -> None:
    portal.sandboxed = True
    page, window = open_agent(context, portal)
    expect(window.locator("#caller")).to_have_text("null")
    expect(window.locator("#message")).to_contain_text("許可されていません")
    expect(window.locator("#pin")).to_be_hidden()
    assert heard_types(page) == ["ready"]


def test_opened_by_hand_there_is_no_form(agent: RunningAgent, context: BrowserContext) -> None:
    window = context.new_page()
    window.goto(f"{agent.origin}/v1/auth")
    expect(window.locator("#message")).to_contain_text("サイトのボタンから開きます")
    expect(window.locator("#pin")).to_be_hidden()


@pytest.mark.usefixtures("agent")
def test_a_closed_portal_page_is_noticed_before_signing(
    context: BrowserContext, portal: PortalServer
) -> None:
    page, window = open_agent(context, portal)
    expect(window.locator("#pin")).to_be_enabled()
    page.close()
    expect(window.locator("#message")).to_contain_text("何も送っていません")
    expect(window.locator("#pin")).to_be_hidden()


@pytest.mark.usefixtures("agent")
def test_cancelling_tells_the_portal_and_closes(
    context: BrowserContext, portal: PortalServer
) -> None:
    page, window = open_agent(context, portal)
    expect(window.locator("#cancel")).to_be_visible()
    with window.expect_event("close"):
        window.click("#cancel")
    assert heard(page, "cancelled") == {"type": "cancelled", "version": 1}


def test_the_agent_refuses_to_be_framed(agent: RunningAgent, context: BrowserContext) -> None:
    page = context.new_page()
    with page.expect_response(lambda response: "/v1/auth" in response.url) as answer:
        page.set_content(f'<iframe src="{agent.origin}/v1/auth"></iframe>')
    assert answer.value.status == 403


def test_an_empty_reader_waits_for_the_card(
    agent: RunningAgent, desk: DeskServer, context: BrowserContext, portal: PortalServer
) -> None:
    del agent
    desk.desk.remove("hanako")
    _page, window = open_agent(context, portal)
    expect(window.locator("#message")).to_contain_text("カードがありません")
    expect(window.locator("#pin")).to_be_disabled()
    desk.desk.insert("hanako")
    expect(window.locator("#pin")).to_be_enabled()
    expect(window.locator("#message")).to_be_hidden()


def test_several_cards_are_chosen_from_and_a_blocked_one_says_what_to_do(
    agent: RunningAgent, cards: Path, context: BrowserContext, portal: PortalServer
) -> None:
    del agent
    write_card(cards, "ichiro", auth_tries_left=0)
    _page, window = open_agent(context, portal)
    expect(window.locator("#message")).to_contain_text("使うカードを選んでください")
    window.select_option("#reader", "ichiro")
    expect(window.locator("#message")).to_contain_text("市区町村の窓口")
    expect(window.locator("#pin")).to_be_disabled()
    window.select_option("#reader", "hanako")
    expect(window.locator("#pin")).to_be_enabled()


def test_a_card_taken_out_before_signing_asks_for_it_again(
    agent: RunningAgent, desk: DeskServer, context: BrowserContext, portal: PortalServer
) -> None:
    del agent
    page, window = open_agent(context, portal)
    expect(window.locator("#pin")).to_be_enabled()
    desk.desk.remove("hanako")
    submit(window, AUTH_PIN)
    expect(window.locator("#message")).to_contain_text("カードがありません")
    desk.desk.insert("hanako")
    expect(window.locator("#pin")).to_be_enabled()
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    assert heard(page, "token")


def test_a_busy_card_succeeds_when_pressed_again(
    agent: RunningAgent, transport: DeskTransport, context: BrowserContext, portal: PortalServer
) -> None:
    del agent
    page, window = open_agent(context, portal)
    expect(window.locator("#pin")).to_be_enabled()
    other = transport.connect("hanako")
    submit(window, AUTH_PIN)
    expect(window.locator("#message")).to_contain_text("使用中")
    other.close()
    expect(window.locator("#pin")).to_be_enabled()
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    assert heard(page, "token")


@pytest.mark.usefixtures("agent")
def test_a_pin_of_the_wrong_form_is_not_sent(context: BrowserContext, portal: PortalServer) -> None:
    _page, window = open_agent(context, portal)
    submit(window, "12")
    expect(window.locator("#message")).to_contain_text("数字4けた")
    expect(window.locator("#tries")).to_contain_text("あと3回")


@pytest.mark.usefixtures("agent")
def test_the_page_speaks_three_languages(context: BrowserContext, portal: PortalServer) -> None:
    _page, window = open_agent(context, portal)
    expect(window.locator("#tries")).to_have_text("あと3回まで入力できます。")
    expect(window.locator("#go")).to_have_text("ログインする")
    window.click("[data-language=en]")
    expect(window.locator("#go")).to_have_text("Log in")
    expect(window.locator("#tries")).to_have_text("3 tries left.")
    assert window.evaluate("document.documentElement.lang") == "en"
    window.click("[data-language=easy]")
    expect(window.locator("#go")).to_have_text("入る")
    assert window.evaluate("document.documentElement.lang") == "ja"


@pytest.mark.usefixtures("agent")
def test_simulated_cards_are_announced_and_nothing_overflows_a_phone(
    context: BrowserContext, portal: PortalServer
) -> None:
    _page, window = open_agent(context, portal)
    window.set_viewport_size({"width": 390, "height": 560})
    expect(window.locator(".simulated")).to_have_text("模擬カード（開発用）")
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_portal_counted_as_public_still_opens_the_window(
    agent: RunningAgent, launch: Callable[..., Browser], portal: PortalServer
) -> None:
    del agent
    browser = launch(f"--ip-address-space-overrides=127.0.0.1:{portal.server_port}=public")
    page, window = open_agent(browser.new_context(), portal)
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    assert heard(page, "token")
