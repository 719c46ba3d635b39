"""What can go wrong when doses are recorded, corrected, imported or reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from app.core.errors import TsunaguError
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


class CopyDiffers(Invalid):
    """The family copied a dose nearly the same; staff say whether it is one shot or two.

    ``product``, ``given_on``, ``lot``: as the family has it. ``may_be_further``: two are possible;
    two of one vaccine on one day are not.
    """

    code = "copy-differs"

    def __init__(
        self, product: str, given_on: date, lot: str | None, *, may_be_further: bool
    ) -> None:
        super().__init__("the family's own entry is nearly the same")
        self.product, self.given_on, self.lot = product, given_on, lot
        self.may_be_further = may_be_further


class NotGivenWithoutReason(Invalid):
    """A shot was put off; whoever records that states why."""

    code = "deferral-reason-needed"


class OtherMunicipality(Invalid):
    """One entry of many doses holds children of one municipality."""

    code = "other-municipality"


class RowsNotReady(Invalid):
    """Nothing was written: these children of the list need a look first."""

    code = "rows-not-ready"

    def __init__(self, faults: Mapping[UUID, TsunaguError]) -> None:
        super().__init__(f"{len(faults)} rows are not ready")
        self.faults = faults


class NoRows(Invalid):
    """An entry of many doses without a single child."""

    code = "no-rows"


class KeyTaken(Conflict):
    """The form's key belongs to what somebody else recorded."""

    code = "key-taken"


class DoseNotFound(NotFound):
    """No such dose of this child, or no longer the current version."""

    code = "dose-not-found"


class CorrectionReasonNeeded(Invalid):
    """A version replaces another one only with the reason for it."""

    code = "correction-reason-needed"


class NothingCorrected(Invalid):
    """The correction says what the record says already."""

    code = "nothing-corrected"


class SameChild(Invalid):
    """A dose is moved to another child."""

    code = "same-child"


class BulkEntryNotFound(NotFound):
    """No such entry of many doses in the actor's municipality."""

    code = "bulk-entry-not-found"


class AlreadyUndone(Conflict):
    """The entry of many doses was undone before, or is being undone."""

    code = "already-undone"


class UndoNotStarted(Conflict):
    """Nobody has asked to undo this entry of many doses."""

    code = "undo-not-started"


class ImportNotFound(NotFound):
    """No such file in the actor's municipality, or it is too old."""

    code = "import-not-found"


class ImportElsewhere(Conflict):
    """The file has gone on since the page was opened."""

    code = "import-elsewhere"


class IncidentNotFound(NotFound):
    """No such report in the actor's municipality."""

    code = "incident-not-found"


class UnknownKind(Invalid):
    """A kind of error that the report does not know."""

    code = "unknown-kind"


class IncidentIncomplete(Invalid):
    """The report cannot be completed: these questions have no answer."""

    code = "incident-incomplete"

    def __init__(self, questions: Sequence[str]) -> None:
        super().__init__(", ".join(questions))
        self.questions = tuple(questions)


class IncidentChanged(Conflict):
    """Somebody else has written since the page was opened."""

    code = "incident-changed"


class ColumnsMissing(Invalid):
    """Some fields have no column yet."""

    code = "columns-missing"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = tuple(fields)
