"""What a page of the portal must keep at every width."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fits(page: Page) -> None:
    """Nothing reaches beyond the edge once the page has its style."""
    page.wait_for_load_state()
    assert page.evaluate(BEYOND) == 0
