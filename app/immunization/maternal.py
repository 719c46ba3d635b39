"""The vaccine given in pregnancy to protect the newborn: its window by the due day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.immunization.dates import gestation_day
from app.immunization.results import Status

if TYPE_CHECKING:
    from app.immunization.rules import Schedule


@dataclass(frozen=True)
class MaternalResult:
    """Where the vaccine of one pregnancy stands. Days inclusive; None where there is none.

    ``advised_by``: given by this day, it leaves the advised time before birth. ``publishable`` is
    false while the count of gestational days rests on an unconfirmed row.
    """

    group: str
    status: Status
    earliest: date | None
    latest: date
    advised_by: date
    publishable: bool


def evaluate_pregnancy(
    schedule: Schedule, *, due_on: date, given_on: date | None, as_of: date
) -> MaternalResult:
    """The window from the due day (40 weeks 0 days) and where the dose stands in it."""
    rule = schedule.maternal
    first = gestation_day(due_on, rule.first.amount, rule.first.plus_days)
    latest = gestation_day(due_on, rule.last.amount, rule.last.plus_days)
    earliest = max(first, rule.program_from)
    status = _status(earliest, latest, given_on, as_of)
    return MaternalResult(
        group=rule.code,
        status=status,
        earliest=earliest if earliest <= latest else None,
        latest=latest,
        advised_by=due_on - timedelta(days=rule.advised_days_before_birth),
        publishable=rule.basis.publishable and rule.gestation_basis.publishable,
    )


def _status(earliest: date, latest: date, given_on: date | None, as_of: date) -> Status:
    if given_on is not None and given_on <= as_of:
        return Status.NEEDS_REVIEW if given_on < earliest else Status.COMPLETE
    if as_of > latest:
        return Status.EXPIRED
    if earliest > latest:
        return Status.UNREACHABLE
    return Status.NOT_YET if as_of < earliest else Status.DUE
