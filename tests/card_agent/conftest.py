"""Cards, a desk, an agent, a portal page and a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, sync_playwright

from card_agent.desk import DeskTransport
from tests.card_agent.stage import (
    NONCE,
    PortalServer,
    RunningAgent,
    running_agent,
    running_desk,
    running_portal,
)
from tests.simulators.card.folders import write_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulators.card.desk_server import DeskServer

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


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
def browser() -> Iterator[Browser]:
    """Headless Chromium, one a module."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=list(CHROMIUM_FLAGS)
        )
        yield launched
        launched.close()
