"""The work without a broker ends when it is told to, not when its pause is over."""

from __future__ import annotations

import signal

from app.jobs.commands import until_signal


def test_a_signal_ends_the_pause_and_the_next_ones_do_no_harm() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with until_signal() as stopped_within:
        assert not stopped_within(0)
        for _ in range(3):
            signal.raise_signal(signal.SIGTERM)
        assert stopped_within(600)
        assert stopped_within(600), "it stays told"
    assert signal.getsignal(signal.SIGTERM) is before
