"""The phone from end to end: added on the computer, used alone; and whether the agent answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from scripts.tour import CAST, DESK, PHONE, Tour, log_in
from tests.browser.portal.layout import fits

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser

AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
)


def answer_at_the_provider(page: Page, key: str, pin: str) -> None:
    page.get_by_label(CAST[key].name).check()
    page.locator("#pin").fill(pin)
    page.locator("#go").click()


def add_phone(tour: Tour, key: str) -> None:
    """On the computer, after the card."""
    desk = tour.somebody(DESK)
    log_in(tour, desk, CAST[key])
    desk.goto(tour.origin + "/account")
    desk.get_by_role("link", name="認証アプリを追加する").click()
    answer_at_the_provider(desk, key, CAST[key].auth_pin)
    expect(desk.get_by_role("heading", name="デジタル認証アプリ")).to_be_visible()
    tour.picture(desk, "phone-added")
    desk.context.close()


def cancel_at_the_provider(tour: Tour, page: Page, key: str) -> None:
    """A wrong PIN, then no more wish to go on; back at the login."""
    answer_at_the_provider(page, key, "9999")
    expect(page.locator("#trouble")).to_contain_text("あと2回")
    page.screenshot(path=tour.pictures / "phone-provider.png", full_page=True)
    fits(page)
    page.locator("#cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("途中でやめました")
    page.screenshot(path=tour.pictures / "phone-cancelled.png")
    page.get_by_role("link", name="ログインにもどる").click()


def test_a_father_adds_his_phone_and_logs_in_with_it_alone(tour: Tour, chromium: Browser) -> None:
    add_phone(tour, "taro")
    context = chromium.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
        locale="ja-JP",
        user_agent=AGENT,
        is_mobile=True,
    )
    page = context.new_page()
    page.goto(tour.origin + "/")
    page.screenshot(path=tour.pictures / "phone-login.png", full_page=True)
    fits(page)
    page.get_by_role("link", name="認証アプリでログイン").click()
    cancel_at_the_provider(tour, page, "taro")
    page.get_by_role("link", name="認証アプリでログイン").click()
    answer_at_the_provider(page, "taro", CAST["taro"].auth_pin)
    page.wait_for_url("**/handbook/")
    page.locator(".children a").first.click()
    expect(page.locator("svg.growth-chart__picture").first).to_be_visible()
    page.goto(tour.origin + "/account")
    expect(page.get_by_text("認証アプリでログイン", exact=True)).to_be_visible()
    page.locator("form[action='/logout'] button").first.dispatch_event("click")
    page.wait_for_url("**/login")
    page.goto(tour.origin + "/handbook/")
    assert "/login" in page.url
    context.close()


def test_the_page_about_the_agent_finds_out_whether_it_answers(
    visitor: Callable[..., Visitor], tour: Tour
) -> None:
    someone = visitor()
    page = someone.page()
    page.goto(someone.origin + "/help/card-agent")
    page.locator("#agent-check-start").click()
    expect(page.locator("[data-when=answers]")).to_be_visible()
    page.screenshot(path=tour.pictures / "agent-answers.png", full_page=True)
    page.evaluate("document.getElementById('agent-check').dataset.agent = 'http://127.0.0.1:9'")
    page.locator("#agent-check-start").click()
    expect(page.locator("[data-when=absent]")).to_be_visible()
    expect(page.locator("[data-when=answers]")).to_be_hidden()
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.screenshot(path=tour.pictures / "agent-absent.png", full_page=True)
    fits(page)
    assert someone.complaints == []
