"""The name of a part of a municipality (地区), as staff write it. Pure."""

from __future__ import annotations

import unicodedata

LONGEST_DISTRICT = 40


def district_name(text: str | None) -> str | None:
    """One way to write a name: NFKC, single spaces, nothing unprintable; ``None`` when empty.

    A name longer than ``LONGEST_DISTRICT`` characters is cut there.
    """
    plain = unicodedata.normalize("NFKC", text or "")
    kept = "".join(c if c.isprintable() else " " for c in plain)
    return " ".join(kept.split())[:LONGEST_DISTRICT].rstrip() or None
