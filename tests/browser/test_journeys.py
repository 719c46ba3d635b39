"""Both journeys of the product, driven in a browser through every real program."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from config.settings import ROOT

if TYPE_CHECKING:
    from scripts.world import World

LIMIT = 240.0
LAST_STEP = "the patient takes the consent back"


@pytest.mark.browser
def test_card_login_handbook_consent_and_images_of_another_hospital(running_world: World) -> None:
    tour = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "scripts.tour", "--port-offset", str(running_world.offset)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert tour.returncode == 0, tour.stdout + tour.stderr
    assert LAST_STEP in tour.stdout
    assert list((running_world.var / "tour").glob("*-viewer-*.png"))
