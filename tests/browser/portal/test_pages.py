"""Every page on a phone and at 200% zoom: nothing to scroll sideways, nothing to complain about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.portal.conftest import Visitor

pytestmark = pytest.mark.browser

PHONE, ZOOMED, HEIGHT = 390, 640, 844
"""640 CSS pixels are a desk of 1280 at 200%."""

PAGES = {
    "": ("/login", "/login/failed/not-registered", "/help/card-agent"),
    "hanako": ("/handbook/", "/handbook/schedule", "/handbook/news", "/handbook/more",
               "/imaging/mine", "/notifications", "/account", "/account/refused/last-card",
               "child", "child/vaccinations", "child/growth", "child/checkups"),
    "nurse": ("/staff/", "/staff/worklist", "/staff/clinic-day", "/staff/imports",
              "/staff/incidents", "/staff/reminders/paper", "/staff/registrations/",
              "/staff/?q=さくら", "open", "+/reminders"),
    "physician": ("/imaging/", "open"),
    "reception-a": ("/imaging/reception",),
    "admin": ("/admin/", "/admin/jobs"),
}  # fmt: skip
FIRST_CHILD = "a[href^='/handbook/children/']"
MEASURE = """() => ({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  headings: document.querySelectorAll('h1').length,
  language: document.documentElement.lang,
})"""


@pytest.mark.parametrize("key", PAGES, ids=lambda key: key or "stranger")
def test_pages_fit_and_are_quiet(visitor: Callable[..., Visitor], key: str) -> None:
    someone = visitor(key, PHONE)
    page = someone.page()
    found = []
    for place in PAGES[key]:
        if place.startswith("child"):
            page.goto(someone.origin + "/handbook/")
            address = str(page.locator(FIRST_CHILD).first.get_attribute("href"))
            child = "/".join(address.split("/")[:4])
            page.goto(someone.origin + child + place.removeprefix("child"))
        elif place.startswith("+"):
            page.goto(page.url + place.removeprefix("+"))
        elif place == "open":
            page.locator("[data-open]").first.click()
            page.wait_for_load_state()
        else:
            page.goto(someone.origin + place)
        for width in (PHONE, ZOOMED):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            measured = page.evaluate(MEASURE)
            if measured != {"wide": 0, "headings": 1, "language": "ja"}:
                found.append((place, width, measured))
    assert found == []
    assert someone.complaints == []
