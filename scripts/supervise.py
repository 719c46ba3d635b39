"""Runs every program of a prepared world: ``python -m scripts.supervise``."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from scripts.cast import DEMO_CAST
from scripts.supervisor import Supervisor
from scripts.welcome import welcome
from scripts.world import World


def main() -> int:
    """Run the world of an offset until it is stopped."""
    parser = argparse.ArgumentParser(description="Run every program of a prepared world.")
    parser.add_argument("--port-offset", type=int, default=0)
    world = World(parser.parse_args().port_offset)
    greet = partial(welcome, world, DEMO_CAST)
    return Supervisor(world.programs(), world.var / "log", greet).run()


if __name__ == "__main__":
    sys.exit(main())
