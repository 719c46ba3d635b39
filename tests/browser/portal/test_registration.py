"""A resident registers, gets a new card, loses it; the page of an idle nurse is locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from scripts.tour import CAST, LONG, use_card
from simulators.jlis import clock
from simulators.jlis.office import Office
from tests.browser.portal.layout import fits

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from scripts.world import World
    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser

IDLE_MS = 14 * 60 * 1000


def unexpected(someone: Visitor, *refusals: str) -> list[str]:
    """Complaints of the pages beside those of requests that had to be refused."""
    return [words for words in someone.complaints if not any(one in words for one in refusals)]


def with_card(page: Page, key: str, pin: str) -> None:
    """Press the page's button and do what the agent's window asks."""
    with page.expect_popup() as opened:
        page.locator("#card-start").click()
    use_card(opened.value, CAST[key], pin)


def apply(page: Page, key: str, wish: str) -> None:
    """From a login that knows nobody to the signed application."""
    member = CAST[key]
    with_card(page, key, member.auth_pin)
    page.get_by_role("link", name="利用申請をはじめる").click()
    fits(page)
    with_card(page, key, member.auth_pin)
    page.locator("#family_kana").fill(member.family_kana)
    page.locator("#given_kana").fill(member.given_kana)
    page.get_by_label(wish).check()
    fits(page)
    page.get_by_role("button", name="申請書を読む").click()
    expect(page.get_by_role("region", name="申請書の全文")).to_contain_text(member.family_kana)
    fits(page)
    with_card(page, key, member.sign_pin)


def test_a_resident_registers_renews_and_loses_the_card(
    visitor: Callable[..., Visitor], running_world: World
) -> None:
    someone = visitor("", 390)
    page = someone.page()
    page.goto(someone.origin + "/login")
    apply(page, "newcomer", "つなぐを使うのは、はじめてです")
    page.wait_for_url("**/handbook/")
    expect(page.get_by_role("status").first).to_contain_text("利用申請を受け付けました。")
    expect(page.locator("main")).to_contain_text("保健センターで登録すると")
    expect(page.locator(".menu__name")).to_have_text(CAST["newcomer"].name)
    office = Office.create(
        running_world.var / "pki", at=clock.now(), port=running_world.ports["jlis"]
    )
    office.renew("newcomer", at=clock.now())
    page.context.clear_cookies()
    page.goto(someone.origin + "/login")
    apply(page, "newcomer", "カードが新しくなりました")
    page.wait_for_url("**/handbook/")
    expect(page.get_by_role("status").first).to_contain_text("新しいカードに切りかえました。")
    page.goto(someone.origin + "/account")
    card = page.locator("section.card", has_text="カードのログイン用の証明書")
    expect(card).to_have_count(1)
    card.locator("summary").click()
    card.get_by_role("button", name="証明書を外す").click()
    page.get_by_role("button", name="それでも外す").click()
    expect(page.get_by_role("status").first).to_contain_text("外しました")
    page.context.clear_cookies()
    page.goto(someone.origin + "/login")
    with_card(page, "newcomer", CAST["newcomer"].auth_pin)
    expect(page.get_by_role("heading", level=1)).to_have_text("このカードは外されています")
    expect(page.get_by_role("link", name="利用申請をはじめる")).to_be_visible()
    assert unexpected(someone, "403", "409") == []


def test_who_has_a_namesake_waits_for_the_desk(visitor: Callable[..., Visitor]) -> None:
    someone, clerk = visitor("", 390), visitor("admin")
    page = someone.page()
    page.goto(someone.origin + "/login")
    apply(page, "namesake", "つなぐを使うのは、はじめてです")
    expect(page.get_by_role("heading", level=1)).to_have_text("申請を受け付けました")
    desk = clerk.page()
    desk.goto(clerk.origin + "/staff/registrations/")
    desk.locator("[data-open]").last.click()
    expect(desk.locator("main")).to_contain_text("記録に住所がありません")
    desk.get_by_label(f"{CAST['namesake'].name} の記録の方である").check()
    desk.locator("#reason").fill("窓口でカードを見て、本人と確かめた")
    desk.set_viewport_size({"width": 390, "height": 844})
    fits(desk)
    desk.get_by_role("button", name="この内容で決める").click()
    expect(desk.get_by_role("status").first).to_contain_text("決定を記録しました。")
    page.goto(someone.origin + "/login")
    with_card(page, "namesake", CAST["namesake"].auth_pin)
    page.wait_for_url("**/handbook/")
    assert unexpected(someone, "403") + clerk.complaints == []


def test_an_idle_nurse_finds_the_form_as_it_was(visitor: Callable[..., Visitor]) -> None:
    nurse = visitor()
    page = nurse.page()
    page.goto(nurse.origin + "/login")
    with_card(page, "nurse", CAST["nurse"].auth_pin)
    page.wait_for_url(lambda url: "/login" not in url)
    page.clock.install()
    page.goto(nurse.origin + "/staff/?q=さくら")
    page.locator("[data-open]").first.click()
    page.wait_for_url("**/staff/children/**")
    page.wait_for_load_state()
    page.locator("#lot").fill("LOT-LOCK")
    page.clock.fast_forward(IDLE_MS)
    lock = page.get_by_role("dialog", name="画面をロックしました")
    expect(lock).to_be_visible(timeout=LONG)
    expect(page.locator("#lot")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(lock).to_be_visible()
    other = nurse.page()
    other.goto(nurse.origin + "/staff/")
    expect(other.get_by_role("heading", level=1)).to_have_text("画面がロックされています")
    other.close()
    with page.expect_popup() as opened:
        lock.get_by_role("button", name="ロックを外す").click()
    with_card(opened.value, "nurse", CAST["nurse"].auth_pin)
    expect(lock).to_be_hidden(timeout=LONG)
    expect(page.locator("#lot")).to_have_value("LOT-LOCK")
    page.locator("#product").select_option("MUMPS")
    page.get_by_role("button", name="記録する").click()
    expect(page.get_by_role("status").first).to_contain_text("接種を記録しました。")
    assert unexpected(nurse, "401") == []
