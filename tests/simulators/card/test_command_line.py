"""``python -m simulators.card``: what it refuses to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def start(*arguments: str, mode: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "simulators.card", *arguments],
        cwd=ROOT,
        env={"TSUNAGU_SIMULATOR_MODE": mode, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", [("desk",), ("vpcd", "anywhere")])
def test_simulated_cards_refuse_production(arguments: tuple[str, ...]) -> None:
    finished = start(*arguments, mode="production")
    assert finished.returncode == 2
    assert "refuse to run in production" in finished.stderr


def test_a_folder_without_a_card_is_named(tmp_path: Path) -> None:
    finished = start("vpcd", str(tmp_path), mode="test")
    assert finished.returncode == 1
    assert "not a card folder" in finished.stderr
