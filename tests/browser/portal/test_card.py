"""The card in the browser: what the person reads when something is in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from scripts.tour import CAST, DESK, LONG, log_in, use_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from scripts.tour import Tour
    from scripts.world import World
    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser


def offer(page: Page, origin: str, key: str) -> Page:
    """Press the button and use this card with its PIN; returns the card window."""
    page.goto(origin + "/login")
    with page.expect_popup() as opened:
        page.locator("#card-start").click()
    use_card(opened.value, CAST[key], CAST[key].auth_pin)
    return opened.value


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("revoked", "このカードの電子証明書は失効しています"),
        ("expired", "カードの電子証明書の期限が切れています"),
        ("stranger", "このカードはまだ登録されていません"),
    ],
)
def test_a_card_that_does_not_open_says_why(
    visitor: Callable[..., Visitor], key: str, words: str
) -> None:
    someone = visitor()
    page = someone.page()
    offer(page, someone.origin, key)
    page.wait_for_url("**/login/failed/**")
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def test_an_answer_arrives_although_its_window_is_already_closed(
    visitor: Callable[..., Visitor],
) -> None:
    someone = visitor()
    someone.context.add_init_script(
        "const slow = window.setInterval; window.setInterval = (work) => slow(work, 0);"
    )
    for _ in range(3):
        page = someone.page()
        offer(page, someone.origin, "revoked")
        page.wait_for_url("**/login/failed/**")
        page.close()


def test_a_wrong_pin_is_told_in_the_card_window_and_costs_one_try(
    visitor: Callable[..., Visitor],
) -> None:
    someone, member = visitor(), CAST["reception-b"]
    page = someone.page()
    page.goto(someone.origin + "/login")
    with page.expect_popup() as opened:
        page.locator("#card-start").click()
    window = opened.value
    use_card(window, member, "9999")
    expect(window.locator("#message")).to_contain_text("あと2回")
    assert page.url.endswith("/login")
    window.locator("#pin").fill(member.auth_pin)
    window.locator("#go").click()
    page.wait_for_url(lambda url: "/login" not in url)


def test_without_the_card_agent_the_page_says_how_to_get_it(
    visitor: Callable[..., Visitor], running_world: World
) -> None:
    someone = visitor()
    someone.context.route(running_world.origin("agent") + "/**", lambda route: route.abort())
    page = someone.page()
    page.goto(someone.origin + "/login")
    page.locator("#card-start").click()
    absent = page.locator("[data-when=absent]")
    expect(absent).to_be_visible(timeout=LONG)
    expect(absent).to_contain_text("カードアプリが答えません")
    expect(absent.get_by_role("link")).to_have_attribute("href", "/help/card-agent")
    expect(page.locator("#card-start")).to_be_enabled()


def test_a_blocked_window_is_told(visitor: Callable[..., Visitor]) -> None:
    someone = visitor()
    someone.context.add_init_script("window.open = () => null")
    page = someone.page()
    page.goto(someone.origin + "/login")
    page.locator("#card-start").click()
    expect(page.locator("[data-when=blocked]")).to_contain_text("小さな窓が開けませんでした")


def test_closing_the_window_sends_nothing(visitor: Callable[..., Visitor]) -> None:
    someone = visitor()
    page = someone.page()
    page.goto(someone.origin + "/login")
    with page.expect_popup() as opened:
        page.locator("#card-start").click()
    expect(opened.value.locator("#pin")).to_be_attached()
    opened.value.locator("#reader option").first.wait_for(state="attached")
    opened.value.locator("#cancel").evaluate("button => void setTimeout(() => button.click())")
    expect(page.locator("[data-when=cancelled]")).to_be_visible(timeout=LONG)


def test_what_the_nurse_records_the_mother_sees(visitor: Callable[..., Visitor]) -> None:
    nurse, mother = visitor("nurse"), visitor("hanako", 390)
    desk = nurse.page()
    desk.goto(nurse.origin + "/staff/?q=さくら")
    desk.locator("[data-open]").first.click()
    desk.locator("#product").select_option("JE")
    desk.locator("#lot").fill("LOT-E2E")
    desk.get_by_role("button", name="記録する").click()
    expect(desk.get_by_role("status").first).to_contain_text("接種を記録しました。")
    page = mother.page()
    page.goto(mother.origin + "/handbook/")
    child = page.locator("a[href^='/handbook/children/']", has_text="さくら").first
    page.goto(mother.origin + str(child.get_attribute("href")) + "/vaccinations")
    expect(page.locator("main")).to_contain_text("LOT-E2E")
    assert nurse.complaints + mother.complaints == []


def test_a_hospital_that_does_not_answer_is_named_in_the_viewer(
    tour: Tour, running_world: World
) -> None:
    doctor, patient = tour.somebody(DESK), tour.somebody(DESK)
    log_in(tour, doctor, CAST["physician"])
    doctor.locator("[data-open]").first.click()
    doctor.get_by_role("button", name="開示を依頼").click()
    expect(doctor.locator("[data-wait]")).to_be_visible()
    log_in(tour, patient, CAST["taro"])
    patient.goto(tour.origin + "/imaging/mine")
    patient.get_by_role("link", name="内容を読んで決める").first.click()
    patient.wait_for_load_state()
    with patient.expect_popup() as opened:
        patient.locator("#card-start").click()
    use_card(opened.value, CAST["taro"], CAST["taro"].sign_pin)
    patient.wait_for_url("**/imaging/mine")
    doctor.context.route(running_world.origin("gateway-a-web") + "/**", lambda route: route.abort())
    doctor.get_by_role("link", name="画像を開く").click(timeout=LONG)
    expect(doctor.locator("body")).to_contain_text("みほん総合病院につながりません", timeout=LONG)
    patient.get_by_text("同意を取り消す").first.click()
    patient.get_by_role("button", name="取り消す", exact=True).click()
    expect(patient.get_by_role("status").first).to_contain_text("取り消しました")
    for page in (doctor, patient):
        page.context.close()
