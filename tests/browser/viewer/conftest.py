"""Chromium with software WebGL and without WebGL, and the peer the viewer talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.desk import Desk
from tests.browser.viewer.peer import BUILD, Portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Playwright

QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
GRAPHICS = {
    "webgl": ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    "cpu": ("--disable-3d-apis",),
}


@pytest.fixture(scope="session")
def driver(browser_driver: Playwright) -> Playwright:
    if not (BUILD / ".vite" / "manifest.json").is_file():
        pytest.fail("the viewer is not built: run `npm ci && npm run build` in viewer/")
    return browser_driver


@pytest.fixture(scope="session")
def browsers(driver: Playwright) -> Iterator[dict[str, Browser]]:
    opened = {
        name: driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", *QUIET, *flags]
        )
        for name, flags in GRAPHICS.items()
    }
    yield opened
    for browser in opened.values():
        browser.close()


@pytest.fixture(params=sorted(GRAPHICS))
def graphics(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal()
    yield portal
    portal.stop()


@pytest.fixture
def desk(browsers: dict[str, Browser], graphics: str, portal: Portal) -> Iterator[Desk]:
    """A physician's desktop in each graphics mode."""
    with Desk.at(browsers[graphics], portal) as desk:
        yield desk


@pytest.fixture
def cpu_desk(browsers: dict[str, Browser], portal: Portal) -> Iterator[Desk]:
    """A desktop without WebGL, for what does not depend on graphics."""
    with Desk.at(browsers["cpu"], portal) as desk:
        yield desk


@pytest.fixture
def phone(browsers: dict[str, Browser], graphics: str, portal: Portal) -> Iterator[Desk]:
    """A phone held upright in each graphics mode."""
    with Desk.at(browsers[graphics], portal, width=390, height=844, touch=True) as desk:
        yield desk
