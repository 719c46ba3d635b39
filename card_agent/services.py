"""What the routes of one running agent stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from card_agent.origins import AllowList
    from card_agent.pages import PageStore
    from card_agent.transport import Transport

Strings = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Services:
    """Put together once by the factory."""

    transport: Transport
    pages: PageStore
    allowed: AllowList
    strings: Strings
