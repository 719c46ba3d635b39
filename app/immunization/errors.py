"""What can go wrong when a dose is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Conflict, Invalid

if TYPE_CHECKING:
    from datetime import date

    from app.immunization.preshot import PreShot


class DoseInFuture(Invalid):
    """A dose cannot have been given after today."""

    code = "dose-in-future"

    def __init__(self, given_on: date) -> None:
        super().__init__("dose dated after today")
        self.given_on = given_on


class DoseBeforeBirth(Invalid):
    """A dose cannot have been given before birth."""

    code = "dose-before-birth"

    def __init__(self, given_on: date) -> None:
        super().__init__("dose dated before birth")
        self.given_on = given_on


class ReasonNeeded(Invalid):
    """The schedule or the lot speaks against this dose; whoever records it states why."""

    code = "reason-needed"

    def __init__(self, check: PreShot, *, lot_expired_on: date | None = None) -> None:
        super().__init__("the schedule or the lot speaks against this dose")
        self.check = check
        self.lot_expired_on = lot_expired_on


class UnknownProduct(Invalid):
    """No such vaccine in the schedule."""

    code = "unknown-product"


class AlreadyRecorded(Conflict):
    """The same vaccine on the same day is in the record."""

    code = "already-recorded"
