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

from tests.card_agent.stage import NONCE, running_agent, running_portal
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, write_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from card_agent.desk import DeskTransport
    from simulators.card.desk_server import DeskServer
    from tests.card_agent.stage import PortalServer, RunningAgent


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


@pytest.mark.usefixtures("agent")
def test_a_login_travels_from_the_portal_to_the_card_and_back(
    context: BrowserContext, portal: PortalServer
) -> None:
    page, window = open_agent(context, portal)
    expect(window.locator("#caller")).to_have_text(portal.origin)
    expect(window.locator("#tries")).to_contain_text("あと3回")
    with window.expect_event("close"):
        submit(window, AUTH_PIN)
    token = heard(page, "token")
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["certificate"]))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    digests = [hashlib.sha256(part.encode()).digest() for part in (portal.origin, NONCE)]
    signed = b"tsunagu-card-login-v1\x00" + b"".join(digests)
    key.verify(base64.b64decode(token["signature"]), signed, padding.PKCS1v15(), hashes.SHA256())
