"""``make run``: set up, then hand over to the supervisor. ``python3 -m scripts.run``.

One world runs once: a lock file held until the end refuses a second start.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from typing import IO

from scripts import machine
from scripts.console import Stopwatch, complain, say
from scripts.setup import set_up, set_up_world
from scripts.steps import ROOT, StepFailed
from scripts.world import PYTHON, World


def main() -> int:
    """Set up and start; exit code 1 and one line when that cannot be."""
    parser = argparse.ArgumentParser(description="Set up and run the whole demo.")
    parser.add_argument("--port-offset", type=int, default=0)
    parser.add_argument("--prepare-only", action="store_true", help="set up, start nothing")
    options = parser.parse_args()
    try:
        return run(options.port_offset, start=not options.prepare_only)
    except (StepFailed, ValueError) as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("Stopped.")
        return 130


def run(offset: int, *, start: bool) -> int:
    """Prepare the world of an offset; with ``start`` this process becomes its supervisor."""
    machine.check_python()
    world = World(offset)
    lock = hold(world)
    if start:
        machine.check_ports(world.ports)
    prepare(world)
    if start:
        os.chdir(ROOT)
        os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 - the lock outlives this program
        supervisor = [PYTHON, "-m", "scripts.supervise", "--port-offset", str(offset)]
        os.execv(PYTHON, supervisor)  # noqa: S606 - no shell is wanted
    return 0


def prepare(world: World) -> None:
    """All set-up, with its time."""
    watch = Stopwatch()
    say("Tsunagu: set-up")
    set_up()
    set_up_world(world)
    say(f"Set-up is complete ({watch.seconds:.1f} s).")


def hold(world: World) -> IO[str]:
    """The world's lock, ours until this process ends; raises ``MachineLacks`` if it is taken."""
    path = world.var / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise machine.MachineLacks(
            f"Tsunagu is already running here (process {lock.read().strip() or 'unknown'}). "
            "Stop it with Ctrl-C, or run a second one beside it: TSUNAGU_PORT_OFFSET=1000 make run"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


if __name__ == "__main__":
    sys.exit(main())
