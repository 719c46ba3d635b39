"""Cards, a desk, an agent, a portal page and a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from card_agent.desk import DeskTransport
from tests.card_agent.stage import (
    CHROMIUM_FLAGS,
    NONCE,
    PortalServer,
    RunningAgent,
    running_agent,
    running_desk,
    running_portal,
)
from tests.simulators.card.folders import write_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Playwright

    from simulators.card.desk_server import DeskServer


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A folder with one complete card named hanako."""
    write_card(tmp_path / "cards", "hanako")
    return tmp_path / "cards"


@pytest.fixture
def desk(cards: Path) -> Iterator[DeskServer]:
    """A card desk over ``cards``."""
    with running_desk(cards) as server:
        yield server


@pytest.fixture
def transport(desk: DeskServer) -> DeskTransport:
    """The agent's way to that desk."""
    return DeskTransport("127.0.0.1", desk.port)


@pytest.fixture
def portal() -> Iterator[PortalServer]:
    """A portal page on the agent's allow-list."""
    with running_portal() as server:
        yield server


@pytest.fixture
def agent(transport: DeskTransport, portal: PortalServer) -> Iterator[RunningAgent]:
    """A running agent, and the portal ready to log in with it."""
    with running_agent(transport, allowed=(portal.origin,)) as running:
        order = json.dumps({"type": "challenge", "version": 1, "nonce": NONCE})
        portal.prepare(running, purpose="auth", order=order)
        yield running


@pytest.fixture(scope="module")
def launch(browser_driver: Playwright) -> Iterator[Callable[..., Browser]]:
    """Starts headless Chromium with more flags; all are closed at the module's end."""
    launched: list[Browser] = []

    def start(*flags: str) -> Browser:
        browser = browser_driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM_FLAGS, *flags]
        )
        launched.append(browser)
        return browser

    yield start
    for browser in launched:
        browser.close()


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Browser:
    """Headless Chromium, one a module."""
    return launch()
