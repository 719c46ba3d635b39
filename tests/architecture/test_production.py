"""In production mode nothing simulated starts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.core.errors import Misconfigured
from app.crypto.signing import generate_key_pem
from app.factory import create_app
from config.settings import ROOT, Mode, PortalSettings
from tests.pki import office

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.jlis.office import Office

__all__ = ["office"]


@dataclass(frozen=True)
class Start:
    """How one simulated program is started."""

    program: str
    arguments: tuple[str, ...]


STARTS = (
    Start("simulators.jlis", ("serve",)),
    Start("simulators.jlis", ("init",)),
    Start("simulators.card", ("desk",)),
    Start("simulators.card", ("vpcd", "nowhere")),
    Start("simulators.openid", ("serve",)),
    Start("simulators.mail", ()),
    Start("simulators.modality", ("schedule", "TSUNAGU_A@127.0.0.1:9")),
    Start("simulators.modality", ("send", "--host", "127.0.0.1", "--port", "9", "--aet", "A")),
)


def start(one: Start, folder: Path, mode: str) -> subprocess.CompletedProcess[str]:
    """Start it with a folder of its own; it has 30 seconds to refuse."""
    settings = {"TSUNAGU_SIMULATOR_MODE": mode, "TSUNAGU_SIMULATOR_VAR": str(folder)}
    pairs = [f"{name}={value}" for name, value in settings.items()]
    return subprocess.run(  # noqa: S603 - our own programs
        ["env", *pairs, sys.executable, "-m", one.program, *one.arguments],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("one", STARTS, ids=lambda one: " ".join((one.program, *one.arguments[:1])))
def test_a_simulated_program_refuses_and_says_why(one: Start, tmp_path: Path) -> None:
    refused = start(one, tmp_path, "production")
    words = refused.stdout + refused.stderr
    assert refused.returncode == 2
    assert "TSUNAGU_SIMULATOR_MODE" in words
    assert "Traceback" not in words
    assert list(tmp_path.iterdir()) == []


def test_every_simulated_program_is_listed() -> None:
    programs = {f"simulators.{path.parent.name}" for path in ROOT.glob("simulators/*/__main__.py")}
    assert programs == {one.program for one in STARTS}


def test_the_portal_refuses_a_simulated_trust_profile(office: Office, tmp_path: Path) -> None:
    key = tmp_path / "access.pem"
    key.write_bytes(generate_key_pem())
    settings = PortalSettings(
        mode=Mode.PRODUCTION,
        secret_key="s" * 40,
        origin="https://tsunagu.example",
        database_url=f"sqlite:///{tmp_path / 'portal.sqlite'}",
        trust_profile=office.var / "trust",
        access_token_key=key,
    )
    with pytest.raises(Misconfigured, match="simulated"):
        create_app(settings)
