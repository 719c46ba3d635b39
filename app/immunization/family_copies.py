"""What a family copied from its book (保護者記入) beside what staff record: one shot, one record.

Shared by one child, a clinic day and an import. The family's entry of the same vaccine and day is
confirmed: staff's record becomes its next version. An entry nearly the same is a question that
staff decide, never a second dose by itself. Pure.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.provenance import Source
from app.immunization.errors import CopyDiffers
from app.immunization.resting import without
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from app.immunization.entry import DoseEntry
    from app.immunization.models import Dose

NEAR: Final = timedelta(days=14)
"""A day misread by no more than this. Ours, not a rule of the schedule: staff decide."""
DECEMBER: Final = 12


class AboutCopy(StrEnum):
    """What staff say of an entry nearly the same: one shot, as staff or the family has it, or two.

    ``FURTHER`` leaves the family's entry as it is, beside the new dose.
    """

    TAKE = "take"
    KEEP = "keep"
    FURTHER = "further"


@dataclass(frozen=True)
class Settled:
    """What is recorded. ``copy``: the family's entry it confirms; ``earlier``: all other doses.

    ``unconfirmed``: of those, what stays the family's own entry.
    """

    entry: DoseEntry
    copy: Dose | None
    earlier: tuple[GivenDose, ...]
    unconfirmed: tuple[GivenDose, ...] = ()


def settle(entry: DoseEntry, given: Sequence[GivenDose], copies: Sequence[Dose]) -> Settled:
    """Find the family's entry of this shot. ``given`` holds every dose, ``copies`` included.

    Raises ``CopyDiffers`` where an entry is nearly the same and ``entry.about_copy`` says nothing.
    """
    exact = next(
        (copy for copy in copies if _day_of(copy) == (entry.product, entry.given_on)), None
    )
    if exact is not None and _lots_agree(exact.lot, entry.lot):
        return _confirming(exact, entry, given, copies)
    known_to_staff = exact is None and (entry.product, entry.given_on) in given
    near = exact or (None if known_to_staff else _nearest(entry, copies))
    if near is None or entry.about_copy is AboutCopy.FURTHER:
        return Settled(entry, None, tuple(given), _given_by(copies))
    if entry.about_copy is None:
        further = exact is None
        raise CopyDiffers(near.product, near.given_on, near.lot, may_be_further=further)
    if entry.about_copy is AboutCopy.TAKE:
        return _confirming(near, entry, given, copies)
    return _confirming(near, _as_copied(entry, near), given, copies)


def copies_among(doses: Iterable[Dose]) -> list[Dose]:
    """Those that only the family has written."""
    return [dose for dose in doses if dose.source is Source.GUARDIAN]


def may_be_same(copy: Dose, entry: DoseEntry) -> bool:
    """Whether one of both may be a slip of the pen: the day, the month, the year or the maker."""
    apart = abs(copy.given_on - entry.given_on)
    if copy.product == entry.product:
        return apart <= NEAR or _slipped(copy.given_on, entry.given_on)
    return apart <= NEAR and _of_one_vaccine(copy.product, entry.product)


def _confirming(
    copy: Dose, entry: DoseEntry, given: Sequence[GivenDose], copies: Sequence[Dose]
) -> Settled:
    earlier = without(given, _given_by([copy]))
    return Settled(entry, copy, earlier, _given_by(one for one in copies if one is not copy))


def _given_by(copies: Iterable[Dose]) -> tuple[GivenDose, ...]:
    return tuple(GivenDose(copy.product, copy.given_on) for copy in copies)


def _as_copied(entry: DoseEntry, copy: Dose) -> DoseEntry:
    return replace(
        entry,
        product=copy.product,
        given_on=copy.given_on,
        lot=copy.lot,
        facility=copy.facility,
        expires_on=None,
        gtin=None,
    )


def _nearest(entry: DoseEntry, copies: Sequence[Dose]) -> Dose | None:
    near = [copy for copy in copies if may_be_same(copy, entry)]
    return min(near, key=lambda copy: abs(copy.given_on - entry.given_on), default=None)


def _day_of(copy: Dose) -> tuple[str, date]:
    return copy.product, copy.given_on


def _slipped(one: date, other: date) -> bool:
    """The same day a month or a year apart: 10月5日 for 11月5日, 令和7年 for 令和8年."""
    months = abs((one.year - other.year) * DECEMBER + one.month - other.month)
    return one.day == other.day and months in {1, DECEMBER}


def _of_one_vaccine(one: str, other: str) -> bool:
    groups = load_schedule().groups.values()
    return any({one, other} <= group.counts for group in groups)


def _lots_agree(one: str | None, other: str | None) -> bool:
    return not one or not other or _plain(one) == _plain(other)


def _plain(lot: str) -> str:
    signs = unicodedata.normalize("NFKC", lot).casefold()
    return "".join(sign for sign in signs if sign.isalnum())
