"""The one protocol behind mail and Web Push, and which carriers this portal has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from app.notifications.models import ChannelKind, DeliveryKind
    from app.web.i18n import Language


@dataclass(frozen=True)
class Message:
    """One telling, ready to leave. ``id`` is the same in every attempt; ``link`` is absolute.

    ``address``: a mail address, or a push subscription as JSON.
    """

    id: UUID
    kind: DeliveryKind
    address: str
    language: Language
    link: str


class Carrier(Protocol):
    """Anything that takes a message out of the house."""

    def carry(self, message: Message) -> None:
        """Hand it over. Raises ``AddressGone`` for good, ``CarrierDown`` to be tried again."""
        ...


Carriers: TypeAlias = "Mapping[ChannelKind, Carrier]"
"""A kind that is not configured is missing; its deliveries wait."""
