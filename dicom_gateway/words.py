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


_SIZES: Final = (("TB", 1000**4), ("GB", 1000**3), ("MB", 1000**2), ("kB", 1000))


def size_words(count: int) -> str:
    """Bytes in the largest fitting decimal unit, one decimal below ten."""
    for unit, size in _SIZES:
        if count >= size:
            amount = count / size
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"  # noqa: PLR2004
    return f"{count} B"
