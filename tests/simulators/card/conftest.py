"""A complete card and a short way to talk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulators.card.card import SimulatedCard
from simulators.card.folder import read_folder
from tests.simulators.card.folders import write_card

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A card with both certificates, auth PIN 1234 and sign PIN ABC123."""
    return write_card(tmp_path)


@pytest.fixture
def card(folder: Path) -> SimulatedCard:
    """That card, powered, nothing selected."""
    return SimulatedCard(read_folder(folder))
