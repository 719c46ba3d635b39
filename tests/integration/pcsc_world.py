"""A private pcscd with two virtual readers and two simulated cards. Needs root and Linux.

Own network, mount and process namespaces: the virtual reader listens on every address, and the
end of the namespace's first process ends everything in it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PORTS = (35963, 35964)
_DEADLINE_SECONDS = 60.0
_START = """
ip link set lo up
mkdir -p /run/pcscd
mount -t tmpfs tmpfs /run/pcscd
exec pcscd --foreground
"""


class WorldNotReady(Exception):
    """pcscd or a card did not come up in time."""


@dataclass
class PcscWorld:
    """Runs commands where the private pcscd is reachable, and keeps a transcript."""

    process_id: int
    transcript: list[str] = field(default_factory=list)
    cards: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line that runs these arguments inside the namespaces."""
        inside = ["nsenter", "-t", str(self.process_id), "-n", "-m", f"--wd={ROOT}", "--"]
        return [*inside, *map(str, arguments)]

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a tool to its end; both outputs go to the transcript."""
        finished = subprocess.run(  # noqa: S603 - fixed tools of this test
            self.command(*arguments), capture_output=True, text=True, timeout=60, check=False
        )
        shown = " ".join(Path(str(part)).name for part in arguments)
        output = (finished.stdout + finished.stderr).strip()
        self.transcript.append(f"$ {shown}\n{output}\n[exit {finished.returncode}]\n")
        return finished

    def python(self, code: str) -> str:
        """Run Python code of this project inside; returns what it prints."""
        finished = self.run(sys.executable, "-c", code)
        if finished.returncode:
            raise AssertionError(finished.stderr)
        return finished.stdout.strip()

    def insert(self, folder: Path, port: int) -> None:
        """Put a card into the reader behind this port."""
        card = subprocess.Popen(  # noqa: S603 - our own program
            self.command(
                "env", "TSUNAGU_SIMULATOR_MODE=test",
                sys.executable, "-m", "simulators.card", "vpcd", folder, "--port", str(port),
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.cards.append(card)

    def remove(self, index: int) -> None:
        """Take a card out by ending its process."""
        self.cards[index].terminate()
        self.cards[index].wait(timeout=20)

    def wait_for_cards(self, count: int) -> None:
        """Return when pcscd sees this many cards. Raises WorldNotReady at the deadline."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while time.monotonic() < deadline:
            listed = subprocess.run(  # noqa: S603 - a fixed tool
                self.command("opensc-tool", "-l"), capture_output=True, text=True, check=False
            )
            if listed.stdout.count("Yes") == count and "Virtual PCD" in listed.stdout:
                return
        raise WorldNotReady


@contextmanager
def pcsc_world(*folders: Path) -> Iterator[PcscWorld]:
    """One pcscd with these cards in its readers."""
    flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    with subprocess.Popen(  # noqa: S603 - fixed command
        ["unshare", *flags, "bash", "-ec", _START],  # noqa: S607 - Debian's own
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as outer:
        world = PcscWorld(_first_process(outer))
        try:
            _wait_for_socket(world.process_id)
            for folder, port in zip(folders, PORTS, strict=False):
                world.insert(folder, port)
            world.wait_for_cards(len(folders))
            yield world
        finally:
            for card in world.cards:
                card.terminate()
            outer.kill()
            for card in world.cards:
                card.wait(timeout=20)


def _first_process(outer: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline and outer.poll() is None:
        found = children.read_text("ascii").split()
        if found:
            return int(found[0])
    raise WorldNotReady


def _wait_for_socket(process_id: int) -> None:
    socket = Path(f"/proc/{process_id}/root/run/pcscd/pcscd.comm")
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if socket.exists() and Path(f"/proc/{process_id}/comm").read_text("ascii") == "pcscd\n":
            return
        time.sleep(0.02)
    raise WorldNotReady
