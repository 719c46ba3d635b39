"""NIST PKITS through the product's path validation, wherever the kit lies beside the project.

Without the kit there is nothing to run and this file holds no test; the project's own hierarchies
in ``tests/app/jpki/test_path.py`` stand alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KIT = next(iter(sorted(ROOT.parent.glob("*/pki/run_pkits.py"))), None)


def run_kit(*options: str) -> tuple[int, str]:
    """Exit status and last line of the kit."""
    assert KIT is not None
    command = [sys.executable, str(KIT), "--target", "tests.app.jpki.pkits_target:validate"]
    done = subprocess.run(  # noqa: S603 - fixed command
        [*command, "--quiet", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


if KIT is not None:

    def test_pkits_finds_no_false_accept_and_no_crash() -> None:
        status, line = run_kit()
        assert status == 0, line
        expected = re.match(r"PKITS (\d+) of 249 as expected, 0 false accepts", line)
        assert expected is not None, line
        assert int(expected.group(1)) >= 246, line
        assert "0 crashes" in line

    @pytest.mark.parametrize("option", ["--without-crls", "--too-late"])
    def test_pkits_without_current_revocation_lists_is_all_refused(option: str) -> None:
        status, line = run_kit(option)
        assert (status, line.startswith("PKITS 249 of 249 as expected")) == (0, True), line
