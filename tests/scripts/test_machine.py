"""What a machine lacks is said in one clear line."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from scripts import machine

if TYPE_CHECKING:
    from pathlib import Path


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Make these shell scripts all there is on the path."""
    for name, script in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(machine.MachineLacks, match=r"Python 3\.11 or newer is needed; .* 3\.9\.2"):
        machine.check_python()


def test_missing_node_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch)
    with pytest.raises(machine.MachineLacks, match=r"Node 20\.19 or newer .* was not found"):
        machine.check_node()


@pytest.mark.parametrize("version", ["v18.19.0", "v20.18.3"])
def test_an_old_node_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    put_on_path(tmp_path, monkeypatch, node=f"echo {version}", npm="true")
    with pytest.raises(machine.MachineLacks, match=f"is {version}"):
        machine.check_node()


def test_node_without_npm_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, node="echo v22.1.0")
    with pytest.raises(machine.MachineLacks, match="npm is needed"):
        machine.check_node()


def test_a_new_node_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, node="echo v20.19.0", npm="true")
    machine.check_node()


def test_a_busy_port_is_named_with_its_owner_and_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(machine.MachineLacks, match=rf"Port {port} \(portal\)") as refusal:
            machine.check_ports({"portal": port})
    assert "TSUNAGU_PORT_OFFSET=1000 make run" in str(refusal.value)
    machine.check_ports({"portal": port})


def test_missing_packages_are_those_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = "printf 'gcc installed\\nswig config-files\\n'; exit 1"
    put_on_path(tmp_path, monkeypatch, **{"dpkg-query": listing})
    assert machine.missing_packages(("gcc", "swig", "pcscd")) == ("swig", "pcscd")


def test_without_dpkg_every_package_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path, monkeypatch)
    assert machine.missing_packages(("gcc",)) == ("gcc",)


def test_the_list_of_packages_has_a_reason_each() -> None:
    lines = machine.PACKAGE_LIST.read_text(encoding="utf-8").splitlines()
    rows = [line.split(maxsplit=1) for line in lines if not line.startswith("#")]
    assert [row[0] for row in rows if len(row) == 1] == []
    assert set(machine.CARD_BUILD_PACKAGES) <= set(machine.debian_packages())
