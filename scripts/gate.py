"""``make test``: the whole gate, from a bare machine to the last browser test.

Each step says its name and time; the first failure shows its output and ends the gate.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor

from scripts import machine
from scripts.console import Stopwatch, complain, say
from scripts.setup import set_up
from scripts.steps import ROOT, Step, StepFailed
from scripts.world import BIN, PYTHON

LOGS = ROOT / "var" / "log" / "gate"
VIEWER = ROOT / "viewer"
TEMPLATES = ("app/templates", "card_agent")
COVERED = ("app", "dicom_gateway", "card_agent", "simulators", "config")
COVERAGE = LOGS / "coverage.json"


def install_debian_packages() -> None:
    """What the integration and browser tests need; without root, name what is missing."""
    missing = machine.missing_packages(machine.debian_packages())
    if not missing:
        return
    names = " ".join(missing)
    if not machine.is_root():
        raise machine.MachineLacks(
            f"The gate needs these Debian packages: {names}\nInstall them: apt install {names}"
        )
    Step("Debian packages", machine.apt_commands(missing), LOGS / "apt.log").run()


def python_checks() -> tuple[Step, ...]:
    """Form, faults, types, layers, templates."""
    return (
        _step("format", str(BIN / "ruff"), "format", "--check", "."),
        _step("lint", str(BIN / "ruff"), "check", "."),
        _step("layers", str(BIN / "lint-imports")),
        _step("templates", str(BIN / "djlint"), "--lint", "--quiet", *TEMPLATES),
        _step("types", str(BIN / "mypy")),
    )


def viewer_checks() -> tuple[Step, ...]:
    """The viewer's types and unit tests."""
    return (
        _step("viewer types", "npm", "run", "--silent", "check", viewer=True),
        _step("viewer tests", "npm", "test", "--silent", viewer=True, shown=5),
    )


def unit_tests() -> Step:
    """The tests that need nothing but Python."""
    choice = ("-m", "not pcsc and not browser and not postgresql")
    folders = ("--ignore=tests/integration", "--ignore=tests/browser")
    return _step("unit tests", PYTHON, "-m", "pytest", "-q", "-n", "2", *choice, *folders, shown=1)


def all_tests() -> Step:
    """Unit, integration and browser tests with coverage."""
    coverage = ("--branch", "--json", "--out", str(COVERAGE), "--source", ",".join(COVERED))
    tests = ("-m", "pytest", "-n", "2")
    return _step("tests", PYTHON, "-m", "slipcover", *coverage, *tests, shown=1)


def say_coverage() -> None:
    """How much of the programs the tests ran; the lines are in the file."""
    found = json.loads(COVERAGE.read_text(encoding="utf-8"))["summary"]
    lines, branches = found["percent_covered"], found["covered_branches"]
    of = branches + found["missing_branches"]
    where = COVERAGE.relative_to(ROOT)
    say(f"      {lines:.1f} % covered, {branches:,} of {of:,} branches: {where}")


def lint() -> None:
    """All checks that run no test of Python code."""
    with ThreadPoolExecutor(2) as lanes:
        running = [lanes.submit(_run, steps) for steps in (python_checks(), viewer_checks())]
    for lane in running:
        lane.result()


def gate() -> None:
    """Everything."""
    install_debian_packages()
    set_up(gate=True)
    lint()
    all_tests().run()
    say_coverage()


def _run(steps: tuple[Step, ...]) -> None:
    for step in steps:
        step.run()


def _step(name: str, *command: str, viewer: bool = False, shown: int = 0) -> Step:
    cwd = VIEWER if viewer else ROOT
    return Step(name, (command,), LOGS / f"{name.replace(' ', '-')}.log", cwd, shown=shown)


def unit() -> None:
    """The fast part of the tests."""
    unit_tests().run()


PARTS = {"all": gate, "lint": lint, "unit": unit}


def main() -> int:
    """Run a part of the gate; exit code 0 only when all of it is green."""
    parser = argparse.ArgumentParser(description="Run the gate.")
    parser.add_argument("part", nargs="?", choices=sorted(PARTS), default="all")
    part: str = parser.parse_args().part
    watch = Stopwatch()
    try:
        PARTS[part]()
    except StepFailed as error:
        complain(str(error))
        return 1
    say(f"Green ({watch.seconds:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
