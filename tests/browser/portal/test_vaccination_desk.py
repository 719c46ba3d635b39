"""A clinic day by reader and keyboard, a correction, a report, and what the mother sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from scripts.tour import CAST, log_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from scripts.tour import Tour
    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser

BOX = "01049123456789041749123110CLINIC-1"
"""What a reader types for a box: GTIN, last day of use, lot (GS1)."""
PLACE_OF_FLU = """() => [...document.querySelectorAll("#product option")]
  .findIndex((option) => option.value === "FLU")"""


def tab(page: Page, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press("Tab")


def fill_clinic_day(page: Page, origin: str) -> None:
    """A reader that types the box, then vaccine and two children; day and place stay."""
    page.goto(origin + "/staff/clinic-day")
    page.locator("#code").focus()
    page.keyboard.type(BOX)
    page.keyboard.press("Enter")
    expect(page.locator("#lot")).to_have_value("CLINIC-1")
    expect(page.locator("#expires_on")).to_have_value("2049-12-31")
    expect(page.locator("#product")).to_be_focused()
    for _ in range(page.evaluate(PLACE_OF_FLU)):
        page.keyboard.press("ArrowDown")
    tab(page, 5)
    page.keyboard.type("さくら\nゆうと")
    tab(page, 3)
    page.keyboard.press("Enter")


def report_wrong_dose(page: Page) -> None:
    """From the page of the dose: the draft knows the lot, is written, becomes a sheet."""
    page.get_by_role("button", name="間違い接種の報告を書く").click()
    expect(page.locator(".card .definitions")).to_contain_text("CLINIC-2")
    page.locator("#answer_happened").fill("箱を取りちがえた。")
    page.get_by_role("button", name="下書きを保存する").click()
    expect(page.locator("main summary", has_text="例示")).to_be_visible()
    page.get_by_role("link", name="印刷する形で見る").click()
    expect(page.locator(".as-typed").nth(1)).to_have_text("箱を取りちがえた。")


def see_the_correction(mother: Visitor, child: str) -> None:
    """The family sees the corrected dose and that it was corrected, not why."""
    family = mother.page()
    family.goto(mother.origin + "/handbook/")
    family.locator(".children a", has_text=child).first.click()
    family.locator(".tabs a", has_text="予防接種").click()
    item = family.locator(".records__item", has_text="CLINIC-2")
    expect(item).to_contain_text("に直しました")
    expect(family.locator("main")).not_to_contain_text("箱の番号")


def test_a_clinic_day_by_keyboard_a_correction_and_the_mothers_page(
    tour: Tour, visitor: Callable[..., Visitor]
) -> None:
    nurse = visitor()
    page = nurse.page()
    log_in(tour, page, CAST["nurse"])
    fill_clinic_day(page, nurse.origin)
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody select").first).to_be_focused()
    tab(page, 4)
    page.keyboard.press("ArrowDown")
    tab(page)
    page.keyboard.type("発熱のため")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_contain_text("記録しました")
    expect(page.locator("tbody")).to_contain_text("発熱のため")
    given = page.locator("tbody tr", has_text="CLINIC-1")
    who = given.locator("a").inner_text()
    given.locator("a").click()
    page.locator(".records__item", has_text="CLINIC-1").get_by_role("link").click()
    page.locator("#lot").fill("CLINIC-2")
    page.locator("#reason").fill("箱の番号を読みまちがえた")
    page.get_by_role("button", name="直した内容を記録する").click()
    page.locator(".records__item", has_text="CLINIC-2").get_by_role("link").click()
    report_wrong_dose(page)

    mother = visitor("hanako", 390)
    see_the_correction(mother, who.split("\u3000")[-1])
    assert nurse.complaints + mother.complaints == []
