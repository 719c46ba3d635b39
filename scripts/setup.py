"""Set-up of a working copy: ``python3 -m scripts.setup [--gate]``. Runs again in no time.

The system's Python starts this; it makes ``.venv``, installs the locked packages, builds the
viewer beside it, and prepares the development world. ``--gate`` adds what the gate needs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from scripts import machine
from scripts.console import Stopwatch, complain, say
from scripts.steps import ROOT, Step, StepFailed, hash_of
from scripts.world import BIN, HOSPITALS, PYTHON, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scripts.steps import Command

STAMPS = ROOT / "var" / "stamps"
LOGS = ROOT / "var" / "log" / "setup"
VIEWER = ROOT / "viewer"
BROWSER_PACKAGES = ("chromium", "fonts-noto-cjk")
BUILT_VIEWER = ROOT / "app" / "static" / "viewer"


def set_up(*, gate: bool = False) -> None:
    """Packages and viewer, side by side. Raises ``StepFailed`` with what to do."""
    machine.check_python()
    machine.check_node()
    with ThreadPoolExecutor(2) as lanes:
        waiting = [lanes.submit(_python_lane, gate=gate), lanes.submit(_run, viewer_steps())]
    for lane in waiting:
        lane.result()


def set_up_tour() -> None:
    """A browser and its driver, on top of what is there. Raises ``StepFailed`` with what to do."""
    missing = machine.missing_packages(BROWSER_PACKAGES)
    if missing and machine.is_root():
        step = Step(
            "Debian packages of the browser", machine.apt_commands(missing), LOGS / "tour-apt.log"
        )
        step.run()
    elif missing and shutil.which("chromium") is None:
        raise machine.MachineLacks(
            f"The tour needs a browser. On Debian: apt install {' '.join(missing)}"
        )
    _run((virtual_environment(), locked("requirements"), locked("requirements-dev")))


def set_up_world(world: World) -> None:
    """Keys, certificate authorities, cards, tables and demo data of one world."""
    _keys(world).run()
    _run(world_steps(world))


def _run(steps: Sequence[Step]) -> None:
    for step in steps:
        step.run()


def _python_lane(*, gate: bool) -> None:
    _run((virtual_environment(), locked("requirements")))
    if gate:
        _run((locked("requirements-dev"), locked("requirements-card")))
    else:
        install_card_reader_support()


def virtual_environment() -> Step:
    """``.venv`` with pip, or one line naming the Debian package it needs."""
    check = (sys.executable, "-c", "import ensurepip, venv")
    make = (sys.executable, "-m", "venv", str(ROOT / ".venv"))
    if not BIN.exists():
        _require_venv(check)
    proofs = (BIN / "python", BIN / "pip")
    return _step("virtual environment", (make,), key=sys.version, proofs=proofs)


def _require_venv(check: tuple[str, ...]) -> None:
    if machine.succeeds(check):
        return
    if machine.is_root():
        commands = machine.apt_commands(("python3-venv",))
        _run((Step("Debian package python3-venv", commands, LOGS / "python3-venv.log"),))
    if not machine.succeeds(check):
        raise machine.MachineLacks(
            f"{sys.executable} cannot make virtual environments. "
            "On Debian: apt install python3-venv"
        )


def locked(name: str) -> Step:
    """The packages of one lock file, each checked against its hash."""
    lock = ROOT / f"{name}.txt"
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    command = (PYTHON, "-m", "pip", "install", *quiet, "--require-hashes", "-r", str(lock))
    key = hash_of(lock, extra=sys.version)
    return _step(f"packages of {lock.name}", (command,), key=key, proofs=(BIN / "python",))


def install_card_reader_support() -> None:
    """pyscard for real readers where it can be built; the demo's cards need none."""
    step = locked("requirements-card")
    if step.is_current:
        return
    try:
        if not machine.can_build_pyscard() and machine.is_root():
            names = machine.missing_packages(machine.CARD_BUILD_PACKAGES)
            commands = machine.apt_commands(names)
            _run((Step("Debian packages for card readers", commands, LOGS / "card-apt.log"),))
        if not machine.can_build_pyscard():
            say(
                "  real card readers are left out (pyscard needs swig, gcc, libpcsclite-dev, "
                "python3-dev); simulated cards work"
            )
            return
        step.run()
    except StepFailed:
        say(f"  real card readers are left out (see {step.log.relative_to(ROOT)})")


def viewer_steps() -> tuple[Step, ...]:
    """The viewer's packages and its build into the portal's static files."""
    packages = (VIEWER / "package.json", VIEWER / "package-lock.json")
    install = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")
    return (
        _step(
            "packages of the viewer",
            (install,),
            cwd=VIEWER,
            key=hash_of(*packages),
            proofs=(VIEWER / "node_modules" / ".package-lock.json",),
        ),
        _step(
            "viewer build",
            (("npm", "run", "build", "--silent"),),
            cwd=VIEWER,
            key=hash_of(VIEWER),
            proofs=(BUILT_VIEWER / ".vite" / "manifest.json",),
        ),
    )


def world_steps(world: World) -> tuple[Step, ...]:
    """What a world's folder holds, besides its keys, before its programs start."""
    authorities = hash_of(ROOT / "simulators" / "jlis")
    people = authorities + hash_of(ROOT / "scripts" / "demo.py", ROOT / "scripts" / "cast.py")
    tables = hash_of(ROOT / "migrations")
    pki, database = world.var / "pki", world.var / "portal.sqlite"
    init = "certificate authorities", (PYTHON, "-m", "simulators.jlis", "init")
    cards = "demo cards", (PYTHON, "-m", "scripts.demo", "cards")
    upgrade = "tables", (str(BIN / "alembic"), "upgrade", "head")
    demo = "demo data", (PYTHON, "-m", "scripts.demo", "data", _gateway_origins(world))
    settings = world.environment()
    jlis, portal = settings["jlis"], settings["portal"]
    return (
        _world_step(world, init, jlis, key=authorities, proof=pki / "trust"),
        _world_step(world, cards, jlis, key=people, proof=pki / "cards"),
        _world_step(world, upgrade, portal, key=tables, proof=database),
        _world_step(world, demo, portal, key=tables + people, proof=database),
    )


def _gateway_origins(world: World) -> str:
    return json.dumps({h.key: world.origin(f"gateway-{h.key}-web") for h in HOSPITALS})


def _world_step(
    world: World, named: tuple[str, Command], settings: dict[str, str], *, key: str, proof: Path
) -> Step:
    name, command = named
    file = name.replace(" ", "-")
    return Step(
        name,
        (command,),
        world.var / "log" / "setup" / f"{file}.log",
        environment=settings,
        stamp=world.var / "stamps" / file,
        key=key,
        proofs=(proof,),
    )


def _keys(world: World) -> Step:
    seal = "evidence-seal-certificates.pem"
    files = ("secret-key", "sealing-keys", seal, "portal-jwks.json", "phone-login-jwks.json")
    proofs = tuple(world.var / "keys" / name for name in (*files, "push.pem"))
    return Step(
        "keys",
        ((PYTHON, "-m", "scripts.keys", str(world.var)),),
        world.var / "log" / "setup" / "keys.log",
        stamp=world.var / "stamps" / "keys",
        proofs=proofs,
    )


def _step(
    name: str,
    commands: tuple[tuple[str, ...], ...],
    *,
    cwd: Path = ROOT,
    key: str = "",
    proofs: tuple[Path, ...] = (),
) -> Step:
    file = name.replace(" ", "-")
    return Step(name, commands, LOGS / f"{file}.log", cwd, {}, STAMPS / file, key, proofs)


def main() -> int:
    """Set up a working copy; exit code 1 and one line when something is missing."""
    parser = argparse.ArgumentParser(description="Set up this working copy.")
    parser.add_argument("--gate", action="store_true", help="also what the gate needs")
    parser.add_argument("--tour", action="store_true", help="only what the tour needs besides")
    chosen = parser.parse_args()
    watch = Stopwatch()
    try:
        if chosen.tour:
            set_up_tour()
            return 0
        set_up(gate=chosen.gate)
    except StepFailed as error:
        complain(str(error))
        return 1
    say(f"Set-up is complete ({watch.seconds:.1f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
