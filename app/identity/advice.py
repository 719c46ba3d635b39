"""The shape of what a person is told when something did not succeed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """Title, what happened, what to do, and which way on: ``retry``, ``help`` or ``register``.

    The words may be lazy: they are chosen in the reader's language when they are shown.
    """

    title: str
    what: str
    advice: str
    way_on: str = "retry"
