"""Told to stop, a program stops: whenever the signal comes, and however many come."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import signal
from dicom_gateway.programs import stop_on_signal

stop = stop_on_signal()
with stop._cond:  # where Event.wait and Event.set are for a moment
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
print("stopped" if stop.wait(20) else "goes on")
"""


def test_a_signal_in_the_midst_of_the_event_it_sets_stops_the_program() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "stopped\n"
