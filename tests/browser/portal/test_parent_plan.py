"""A mother with a phone: what is next and why, her calendar, a page of the paper book; a nurse."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

import httpx
import pytest
from icalendar import Calendar
from PIL import Image
from playwright.sync_api import expect

from tests.browser.portal.layout import fits

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser
PHONE = 390


def photo() -> bytes:
    written = BytesIO()
    Image.new("RGB", (1200, 900), "ivory").save(written, "JPEG")
    return written.getvalue()


def subscribe(page: Page) -> str:
    """From the plan to the calendar's address."""
    page.get_by_role("link", name="予定", exact=True).click()
    expect(page.get_by_role("table").first).to_be_visible()
    page.get_by_role("link", name="カレンダーに入れる").click()
    page.get_by_role("button", name="アドレスを作る").click()
    return page.locator("code.secret").inner_text()


def copy_from_book(page: Page, child: str) -> None:
    """A dose of last year's influenza season, in the era of the book, with a photo."""
    page.goto(child + "/vaccinations")
    page.get_by_role("link", name="手帳から書き写す").click()
    page.get_by_label("ワクチン").select_option("FLU")
    page.get_by_label("接種した日").fill("令和7年11月5日")
    page.get_by_label("ロット番号").fill("BOOK-7")
    page.get_by_label("手帳の写真").set_input_files(
        {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    page.get_by_role("button", name="保護者の記入として残す").click()


def test_a_mother_plans_subscribes_and_copies_her_book_and_a_nurse_confirms(
    visitor: Callable[..., Visitor],
) -> None:
    mother = visitor("hanako", width=PHONE)
    page = mother.page()
    page.goto(mother.origin + "/handbook/")
    page.get_by_text("なぜこの日？").first.click()
    expect(page.get_by_text(re.compile("根拠")).first).to_be_visible()
    yuto = page.get_by_role("link", name=re.compile("ゆうと")).get_attribute("href")
    address = subscribe(page)
    fits(page)
    entries = Calendar.from_ical(httpx.get(address, trust_env=False).content).walk("VEVENT")
    assert {str(entry["summary"]) for entry in entries} == {"つなぐ：予定"}
    copy_from_book(page, f"{mother.origin}{yuto}")
    item = page.locator(".records__item", has_text="BOOK-7")
    expect(item).to_contain_text("保護者の記入")
    fits(page)
    address = str(item.get_by_role("link", name="手帳の写真").get_attribute("href"))
    kept = page.request.get(mother.origin + address)
    assert Image.open(BytesIO(kept.body())).size == (1200, 900)
    nurse = visitor("nurse")
    desk = nurse.page()
    desk.goto(f"{nurse.origin}/staff{str(yuto).removeprefix('/handbook')}")
    theirs = desk.locator(".records__item", has_text="BOOK-7")
    theirs.get_by_text("手帳と合っている").click()
    theirs.get_by_role("button", name="確認した").click()
    expect(desk.locator(".records__item", has_text="BOOK-7")).not_to_contain_text("未確認")
    page.goto(f"{mother.origin}{yuto}/print?lang=ja")
    expect(page.get_by_role("row", name=re.compile("BOOK-7"))).to_contain_text("保健センター")
    assert mother.complaints == nurse.complaints == []
