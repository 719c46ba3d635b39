"""The whole demo for browser tests: the programs of ``make run``, on ports and data of its own."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from config.settings import ROOT
from scripts import machine
from scripts.setup import BUILT_VIEWER, set_up_world
from scripts.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT = 90.0
STOP_LIMIT = 30.0
OFFSETS = range(9_000, 20_000, 10)
"""Below the ports that systems hand out by themselves, above those of a demo that runs."""


@pytest.fixture(scope="session")
def running_world() -> Iterator[World]:
    """A prepared and answering world; at the end all its ports are free again."""
    if not BUILT_VIEWER.is_dir():
        pytest.fail("the viewer is not built: make setup")
    world = World(_free_offset())
    shutil.rmtree(world.var, ignore_errors=True)
    set_up_world(world)
    with _supervised(world):
        yield world
    machine.check_ports(world.ports)
    shutil.rmtree(world.var)


@contextmanager
def _supervised(world: World) -> Iterator[None]:
    command = [sys.executable, "-m", "scripts.supervise", "--port-offset", str(world.offset)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        limit = threading.Timer(START_LIMIT, process.send_signal, [signal.SIGINT])
        limit.start()
        try:
            _read_welcome(process)
            limit.cancel()
            yield
        finally:
            limit.cancel()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=STOP_LIMIT)
    assert process.returncode == 0


def _read_welcome(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return
    pytest.fail(f"the world did not start:\n{''.join(lines)}")


def _free_offset() -> int:
    for offset in random.sample(OFFSETS, len(OFFSETS)):
        try:
            machine.check_ports(World(offset).ports)
        except machine.MachineLacks:
            continue
        return offset
    pytest.fail("no offset leaves all ports of a world free")
