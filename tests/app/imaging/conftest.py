"""Image sharing for these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.imaging.sharing import Desk

if TYPE_CHECKING:
    from flask import Flask

    from tests.app.world import World


@pytest.fixture
def desk(portal: Flask, world: World) -> Desk:
    """The physician at the clinic asks the father."""
    return Desk(portal, world)
