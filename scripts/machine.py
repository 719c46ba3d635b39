"""What this machine has, and one clear line where it lacks something."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.steps import ROOT, StepFailed, with_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

PYTHON_NEEDED = (3, 11)
NODE_NEEDED = (20, 19)
PACKAGE_LIST = ROOT / "scripts" / "debian-packages.txt"
CARD_BUILD_PACKAGES = ("swig", "gcc", "libpcsclite-dev", "python3-dev")


class MachineLacks(StepFailed):
    """Something must be installed or stopped first; the text says what."""


def is_root() -> bool:
    """Whether packages may be installed."""
    return os.geteuid() == 0


def check_python() -> None:
    """Python 3.11 or newer runs this."""
    if sys.version_info[:2] < PYTHON_NEEDED:
        found = ".".join(map(str, sys.version_info[:3]))
        raise MachineLacks(
            f"Python 3.11 or newer is needed; this is {found} ({sys.executable}). "
            "Install it, or name another one: make PYTHON=python3.12 run"
        )


def check_node() -> None:
    """Node 20.19 or newer and npm are on the path."""
    node = shutil.which("node")
    version = _output([node, "--version"]) if node else ""
    match = re.match(r"v(\d+)\.(\d+)", version)
    if match is None:
        raise MachineLacks(
            "Node 20.19 or newer is needed to build the viewer and was not found. "
            "Install it from nodejs.org or your distribution, then start again."
        )
    if (int(match[1]), int(match[2])) < NODE_NEEDED:
        raise MachineLacks(f"Node 20.19 or newer is needed; {node} is {version.strip()}.")
    if shutil.which("npm") is None:
        raise MachineLacks(
            "npm is needed to build the viewer and was not found; it ships with Node."
        )


def debian_packages() -> tuple[str, ...]:
    """Names in ``scripts/debian-packages.txt``."""
    lines = PACKAGE_LIST.read_text(encoding="utf-8").splitlines()
    return tuple(line.split()[0] for line in lines if line and not line.startswith("#"))


def missing_packages(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the Debian packages that are not installed."""
    if shutil.which("dpkg-query") is None:
        return tuple(names)
    listing = _output(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *names])
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return tuple(name for name in names if name not in installed)


def apt_commands(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Commands that install Debian packages without a question."""
    install = ("apt-get", "install", "-y", "-q", "--no-install-recommends", *names)
    return (
        ("apt-get", "update", "-q"),
        tuple(with_environment(install, {"DEBIAN_FRONTEND": "noninteractive"})),
    )


def can_build_pyscard() -> bool:
    """Whether the compiler and the headers pyscard needs are here."""
    headers = Path("/usr/include/PCSC/winscard.h")
    return bool(shutil.which("swig") and shutil.which("gcc")) and headers.is_file()


def check_ports(ports: dict[str, int]) -> None:
    """Every port, by the name of who wants it, is free on 127.0.0.1."""
    for owner, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise MachineLacks(
                    f"Port {port} ({owner}) is taken by another program. Stop that program, or "
                    "shift all ports: TSUNAGU_PORT_OFFSET=1000 make run"
                ) from error


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603 - commands are written in this repository
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    return done.stdout


def succeeds(command: Sequence[str]) -> bool:
    """Whether a command ends with exit code 0; its output is not shown."""
    done = subprocess.run(  # noqa: S603 - commands are written in this repository
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0
