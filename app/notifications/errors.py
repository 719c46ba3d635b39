"""What can go wrong with telling somebody."""

from __future__ import annotations

from app.core.errors import Conflict, Invalid, NotFound, Rejected, Unavailable


class ChannelNotFound(NotFound):
    """No such channel of the actor."""

    code = "channel-not-found"


class TooManyChannels(Conflict):
    """Enough for one person."""

    code = "too-many-channels"


class AlreadyAdded(Conflict):
    """This address or device is on the list already."""

    code = "already-added"


class SubscriptionUnusable(Invalid):
    """What the browser sent is no push subscription we may use."""

    code = "subscription-unusable"


class ConfirmationUnknown(NotFound):
    """No address waits for this code: used, too old, or never sent."""

    code = "confirmation-unknown"


class AddressGone(Rejected):
    """The other side says for good that nobody is there. ``reply`` is its code."""

    code = "address-gone"

    def __init__(self, reply: str) -> None:
        super().__init__("address gone")
        self.reply = reply


class CarrierDown(Unavailable):
    """It could not be handed over now; later it may. ``reply`` is a code or a kind of error."""

    code = "carrier-down"

    def __init__(self, reply: str) -> None:
        super().__init__("carrier down")
        self.reply = reply
