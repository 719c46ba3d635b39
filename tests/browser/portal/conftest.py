"""Chromium in front of the whole running demo, and people who are already logged in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from scripts.tour import CAST, CHROMIUM, FLAGS, LONG, Tour, log_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

    from scripts.world import World

WATCH = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI);
});
"""


@dataclass
class Visitor:
    """One person's browser; what went wrong in its pages stands in ``complaints``."""

    context: BrowserContext
    origin: str
    complaints: list[str] = field(default_factory=list)

    def page(self) -> Page:
        """A new tab that is listened to."""
        page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)


@pytest.fixture(scope="session")
def chromium(browser_driver: Playwright) -> Iterator[Browser]:
    """One Chromium a process."""
    browser = browser_driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def tour(running_world: World, chromium: Browser, tmp_path: Path) -> Tour:
    """The steps of ``make tour``, to be reused."""
    return Tour(running_world.origin("portal"), tmp_path, chromium)


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Cookies of people who logged in before, by key."""
    return {}


@pytest.fixture
def visitor(
    tour: Tour, chromium: Browser, sessions: dict[str, Any]
) -> Iterator[Callable[..., Visitor]]:
    """A browser, of nobody or of somebody of the cast who is logged in."""
    opened: list[BrowserContext] = []

    def make(key: str = "", width: int = 1280) -> Visitor:
        if key and key not in sessions:
            page = tour.somebody({"width": 1280, "height": 800})
            log_in(tour, page, CAST[key])
            sessions[key] = page.context.storage_state()
            page.context.close()
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            locale="ja-JP",
            storage_state=sessions.get(key),
        )
        context.set_default_timeout(LONG)
        context.add_init_script(WATCH)
        opened.append(context)
        return Visitor(context, tour.origin)

    yield make
    for context in opened:
        context.close()
