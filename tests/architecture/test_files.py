"""What stands in the repository besides code: locks, lists, generated pages, no machine's paths."""

from __future__ import annotations

import json
import re

import pytest

from config.settings import ROOT
from config.settings_doc import GATEWAY_PAGE, PAGE, gateway_page, settings_page
from tests.architecture.source import relative, tracked_files

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-card.txt")
ADDRESS = re.compile(r"://|--(extra-)?index-url|--find-links|--trusted-host|file:")
MACHINE_PATH = re.compile(r"(?<![\w.:/~}-])/(work|tmp|root|home|opt)/[A-Za-z]")
PACKAGE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
PIN = re.compile(r"^[a-z0-9._-]+==\S+( ; .+)? \\$")
LARGEST = 400 * 1024


def words_of(name: str) -> str:
    """A text file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def direct_dependencies() -> set[str]:
    """Names in ``requirements*.in`` and ``viewer/package.json``."""
    lines = [
        line
        for path in ROOT.glob("requirements*.in")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    python = {match[0].lower() for line in lines if (match := PACKAGE.match(line))}
    package = json.loads(words_of("viewer/package.json"))
    return python | set(package["dependencies"]) | set(package["devDependencies"])


def explained_dependencies() -> list[str]:
    """First cell of every row of the tables in ``docs/dependencies.md``."""
    return re.findall(r"^\| `([^`]+)` \|", words_of("docs/dependencies.md"), re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_address(name: str) -> None:
    lines = [line for line in words_of(name).splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in lines if ADDRESS.search(line)] == []
    pins = [line for line in lines if line and not line.startswith(" ")]
    assert pins
    assert [pin for pin in pins if not PIN.match(pin)] == []
    assert sum("--hash=sha256:" in line for line in lines) >= len(pins)


def test_the_viewers_lock_names_no_address() -> None:
    packages = json.loads(words_of("viewer/package-lock.json"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_every_dependency_has_its_reason_and_nothing_else_does() -> None:
    explained = explained_dependencies()
    assert sorted(explained) == sorted(direct_dependencies())


def test_the_page_of_settings_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run: python -m config.settings_doc"


def test_the_page_of_the_gateways_file_is_current() -> None:
    kept = GATEWAY_PAGE.read_text(encoding="utf-8")
    assert kept == gateway_page(), "run: python -m config.settings_doc"


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{relative(path)}:{n}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)
        ]
    assert found == []


def test_no_file_is_too_large_to_review() -> None:
    large = [relative(path) for path in tracked_files() if path.stat().st_size > LARGEST]
    assert large == []
