"""What the person reads once everything answers: one address, who can log in, how to stop."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Protocol

from scripts.steps import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scripts.world import World

HEADINGS = ("Person", "Role", "Card", "PIN", "Signature PIN")


class CastMember(Protocol):
    """A person of the demo with a simulated card."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> str: ...

    @property
    def card(self) -> str: ...

    @property
    def auth_pin(self) -> str: ...

    @property
    def sign_pin(self) -> str: ...


def welcome(world: World, cast: Iterable[CastMember], seconds: float) -> str:
    """The whole block, ready to print."""
    rows = [(one.name, one.role, one.card, one.auth_pin, one.sign_pin or "-") for one in cast]
    return "\n".join(
        (
            "",
            f"Tsunagu is running (ready after {seconds:.1f} s). Cards and people are simulated.",
            "",
            f"  Open   {world.origin('portal')}/",
            "  Log in with one of these cards; choose it in the card window:",
            "",
            *(f"    {line}" for line in table(HEADINGS, rows)),
            "",
            f"  Gateways, as a hospital's administrator sees them: {pages(world)}",
            f"  Logs   {(world.var / 'log').relative_to(ROOT)}",
            "  Stop   Ctrl-C",
            "",
        )
    )


def pages(world: World) -> str:
    """Addresses of the gateways' own status pages."""
    return "  ".join(world.origin(name) + "/" for name in world.ports if name.endswith("-page"))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns in line also with Japanese, whose letters are two cells wide."""
    every = [headings, *rows]
    widths = [max(cells(row[column]) for row in every) for column in range(len(headings))]
    return [
        "  ".join(
            text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in every
    ]


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
