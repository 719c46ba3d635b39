"""A thin line laid by ``tc`` into a network namespace (Linux, root, iproute2).

The namespace holds the far end; a TUN pair joins it to this one. ``tc`` shapes both directions
(token bucket, ``sch_tbf``); the delay is added packet by packet in a process of its own, for
``sch_netem`` is not in every kernel. TCP on both ends sees a real link with its round trip.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import queue
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NEAR, FAR = "10.203.77.1", "10.203.77.2"
_SET_INTERFACE: Final = 0x400454CA  # TUNSETIFF
_TUN_WITHOUT_HEADER: Final = 0x1001  # IFF_TUN | IFF_NO_PI
_PACKET_BYTES: Final = 2048
_QUEUE_MS: Final = 200
_BURST_BYTES: Final = 16_384


class LineRefused(RuntimeError):
    """This machine does not let us lay the line."""


@dataclass(frozen=True)
class ShapedLine:
    """A line in force: servers listen on ``NEAR``; clients run behind :meth:`far`."""

    namespace: str
    mbit: float
    round_trip_ms: float

    def far(self, command: list[str]) -> list[str]:
        """The same command at the far end of the line."""
        return ["ip", "netns", "exec", self.namespace, *command]


@contextmanager
def shaped_line(mbit: float, round_trip_ms: float) -> Iterator[ShapedLine]:
    """Lay the line, and take it away at the end.

    Raises:
        LineRefused: no root, or this kernel has no TUN, namespaces or token bucket.
    """
    one = ShapedLine(f"tsunagu-bench-{os.getpid()}", mbit, round_trip_ms)
    command = [
        sys.executable, "-m", "bench.gateway.shaped",
        one.namespace, str(mbit), str(round_trip_ms / 2),
    ]  # fmt: skip
    carrier = subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if carrier.stdout is None or carrier.stdout.readline().strip() != "ready":
            raise LineRefused("a shaped line needs root, iproute2, TUN and sch_tbf")
        yield one
    finally:
        carrier.communicate()
        with suppress(FileNotFoundError):  # no iproute2: nothing was laid
            subprocess.run(  # noqa: S603
                ["ip", "netns", "del", one.namespace],  # noqa: S607
                check=False,
                stderr=subprocess.DEVNULL,
            )


def main() -> int:
    """Carry packets until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("namespace")
    parser.add_argument("mbit", type=float)
    parser.add_argument("delay_ms", type=float, help="one way")
    chosen = parser.parse_args()
    near, far = f"tn{os.getpid()}", f"tf{os.getpid()}"
    ends = _interface(near), _interface(far)
    _ip("netns", "add", chosen.namespace)
    _ip("link", "set", far, "netns", chosen.namespace)
    _dress(near, (NEAR, FAR), chosen.mbit, [])
    _dress(far, (FAR, NEAR), chosen.mbit, ["ip", "netns", "exec", chosen.namespace])
    for source, target in (ends, ends[::-1]):
        _carry(source, target, chosen.delay_ms / 1000)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


def _interface(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    request = struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER)
    fcntl.ioctl(descriptor, _SET_INTERFACE, request)
    return descriptor


def _dress(name: str, addresses: tuple[str, str], mbit: float, inside: list[str]) -> None:
    mine, other = addresses
    shape = ["rate", f"{mbit}mbit", "burst", str(_BURST_BYTES), "latency", f"{_QUEUE_MS}ms"]
    for command in (
        ["ip", "address", "add", mine, "peer", other, "dev", name],
        ["ip", "link", "set", name, "up"],
        ["tc", "qdisc", "add", "dev", name, "root", "tbf", *shape],
    ):
        subprocess.run([*inside, *command], check=True)  # noqa: S603 - fixed commands


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)  # noqa: S603,S607 - fixed commands


def _carry(source: int, target: int, delay_s: float) -> None:
    """Every packet from one end to the other, ``delay_s`` later, in order."""
    held: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def take() -> None:
        while True:
            packet = os.read(source, _PACKET_BYTES)
            held.put((time.perf_counter() + delay_s, packet))

    def give() -> None:
        while True:
            due, packet = held.get()
            time.sleep(max(0.0, due - time.perf_counter()))
            os.write(target, packet)

    for work in (take, give):
        threading.Thread(target=work, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
