"""Set-up goes on without what it can spare, and the gate names what it cannot."""

from __future__ import annotations

import ast
import os
import sys
from typing import TYPE_CHECKING

import pytest

from config.settings import ROOT
from scripts import gate, machine, setup
from scripts.world import World

if TYPE_CHECKING:
    from pathlib import Path

BEFORE_THE_VERSION_IS_KNOWN = ("console", "gate", "machine", "run", "setup", "steps", "world")
ORDINARY_USER = 1000


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of an ordinary user with nothing on its path; the folder that is its path."""
    monkeypatch.setattr(os, "geteuid", lambda: ORDINARY_USER)
    monkeypatch.setattr("scripts.setup.STAMPS", tmp_path / "stamps")
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    return path


def put(folder: Path, name: str, script: str) -> None:
    """Put a shell script into a folder."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.usefixtures("bare_machine")
def test_without_a_compiler_real_readers_are_left_out_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup.install_card_reader_support()
    said = capsys.readouterr().out
    assert "simulated cards work" in said
    assert said.count("\n") == 1


def test_without_root_the_gate_names_what_is_missing(bare_machine: Path) -> None:
    listing = "for name in $4 $5 $6; do echo $name installed; done; exit 1"
    put(bare_machine, "dpkg-query", listing)
    present = machine.debian_packages()[:3]
    with pytest.raises(machine.MachineLacks, match="apt install") as refusal:
        gate.install_debian_packages()
    names = str(refusal.value).split("apt install ")[1].split()
    assert set(names) == set(machine.debian_packages()) - set(present)


def test_with_every_package_the_gate_installs_nothing(bare_machine: Path) -> None:
    put(bare_machine, "dpkg-query", 'shift 3; for name in "$@"; do echo $name installed; done')
    gate.install_debian_packages()


def test_the_part_that_refuses_an_old_python_can_be_read_by_one() -> None:
    for name in BEFORE_THE_VERSION_IS_KNOWN:
        source = (ROOT / "scripts" / f"{name}.py").read_text(encoding="utf-8")
        ast.parse(source, feature_version=(3, 8))


def test_packages_are_only_taken_by_hash() -> None:
    for lock in ("requirements", "requirements-dev", "requirements-card"):
        (command,) = setup.locked(lock).commands
        assert "--require-hashes" in command


def test_another_python_means_another_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    before = setup.locked("requirements").key
    monkeypatch.setattr(sys, "version", "3.99")
    assert setup.locked("requirements").key != before


def test_a_world_is_prepared_inside_its_own_folder(tmp_path: Path) -> None:
    for step in setup.world_steps(World(folder=tmp_path)):
        places = [step.log, *([step.stamp] if step.stamp else []), *step.proofs]
        assert [place for place in places if not place.is_relative_to(tmp_path)] == []
