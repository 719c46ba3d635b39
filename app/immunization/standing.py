"""What a family's situation asks for: of whom, and of which vaccines, nothing is announced. Pure.

One rule for pages, calendars, letters, mails and pushes alike. It takes no record away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Silence(StrEnum):
    """Why nothing to come is announced about a child at all."""

    QUIET = "quiet"
    MOVED_OUT = "moved_out"


@dataclass(frozen=True)
class Standing:
    """What a family's situation asks for on one day. ``objections``: vaccines not to speak of."""

    quiet: bool = False
    moved_out: bool = False
    objections: frozenset[str] = field(default=frozenset())

    @property
    def silence(self) -> Silence | None:
        """The first reason for saying nothing; None when there is none."""
        if self.quiet:
            return Silence.QUIET
        return Silence.MOVED_OUT if self.moved_out else None

    def speaks_of(self, group: str) -> bool:
        """Whether a coming dose of this vaccine may be announced to the family."""
        return self.silence is None and group not in self.objections


AT_EASE = Standing()
