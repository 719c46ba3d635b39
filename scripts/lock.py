"""``make lock``: compile ``requirements*.in`` into lock files with hashes and no addresses."""

from __future__ import annotations

import sys

from scripts.console import complain
from scripts.steps import ROOT, Step, StepFailed
from scripts.world import BIN

NAMES = ("requirements", "requirements-dev", "requirements-card")
OPTIONS = (
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--quiet",
)


def main() -> int:
    """Compile all three; what a lock already pins stays as it is."""
    log = ROOT / "var" / "log" / "lock.log"
    try:
        for name in NAMES:
            files = ("--output-file", f"{name}.txt", f"{name}.in")
            Step(f"{name}.txt", ((str(BIN / "pip-compile"), *OPTIONS, *files),), log).run()
    except StepFailed as error:
        complain(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
