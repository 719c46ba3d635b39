"""What can go wrong when a family copies from its paper book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from app.immunization.preshot import PreShot


class PhotoUnreadable(Invalid):
    """The file is no picture we read. ``kind``: "heic", "large", "pixels" or "unknown"."""

    code = "photo-unreadable"

    def __init__(self, kind: str) -> None:
        super().__init__(f"photo cannot be read: {kind}")
        self.kind = kind


class PhotoNotFound(NotFound):
    """No such photo, or not for this person."""

    code = "photo-not-found"


class NotOwnEntry(Conflict):
    """The entry is not, or no longer, the family's own: staff wrote or confirmed it."""

    code = "not-own-entry"


class LooksUnusual(Invalid):
    """The schedule speaks against this dose; whoever copies it looks once more."""

    code = "looks-unusual"

    def __init__(self, check: PreShot) -> None:
        super().__init__("the schedule speaks against this dose")
        self.check = check
