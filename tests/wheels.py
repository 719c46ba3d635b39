"""Programs as people get them: a wheel, built offline, installed alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from config.settings import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def run(*command: str, cwd: Path) -> str:
    """What the command printed; it must succeed."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(program: str, folder: Path) -> Path:
    """The wheel of a program's folder, built from a copy."""
    unwanted = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(ROOT / program, folder / program, ignore=unwanted)
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    run(*PIP, "wheel", "-q", *offline, f"./{program}", cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def install(wheel: Path) -> Path:
    """Folder of commands of an environment that has the dependencies and not the repository."""
    home = wheel.parent / "installed"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    place = ("--python", str(python), "install", "-q", "--no-deps", "--no-index")
    run(*PIP, *place, str(wheel), cwd=home)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (packages / "dependencies.pth").write_text(
        sysconfig.get_path("purelib") + "\n", encoding="utf-8"
    )
    return home / "bin"
