"""Amounts as people say them."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def span(seconds: float) -> str:
    """A time span in its two largest units: ``4 minutes 10 seconds``."""
    rest, said = round(seconds), []
    for size, name in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            said.append(f"{count} {name}" + ("s" if count > 1 else ""))
    return " ".join(said[:2]) or "less than a second"
