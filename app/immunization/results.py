"""What the engine answers: verdicts on doses given, and where each vaccine of a child stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from app.immunization.wording import Basis, Words


class Status(StrEnum):
    """Where a vaccine stands on the asked day."""

    NOT_APPLICABLE = "not_applicable"
    NOT_YET = "not_yet"
    ELIGIBLE_EARLY = "eligible_early"
    DUE = "due"
    OVERDUE = "overdue"
    CONSULT_LATE_START = "consult_late_start"
    UNREACHABLE = "unreachable"
    EXPIRED = "expired"
    COMPLETE = "complete"
    NEEDS_REVIEW = "needs_review"


class Verdict(StrEnum):
    """What a dose given is worth. The first that applies, in this order, except ``VALID`` last."""

    SURPLUS = "surplus"
    PRODUCT_NOT_ALLOWED = "product_not_allowed"
    TOO_EARLY_AGE = "too_early_age"
    INTERVAL_SHORT = "interval_short"
    CROSS_INTERVAL_SHORT = "cross_interval_short"
    AFTER_LATEST = "after_latest"
    VALID = "valid"


COUNTED = frozenset({Verdict.VALID, Verdict.AFTER_LATEST})
STOPPING = frozenset(
    {
        Verdict.PRODUCT_NOT_ALLOWED,
        Verdict.TOO_EARLY_AGE,
        Verdict.INTERVAL_SHORT,
        Verdict.CROSS_INTERVAL_SHORT,
    }
)


class GivenDose(NamedTuple):
    """A dose as recorded: product code and Japanese calendar day."""

    product: str
    date: datetime.date


@dataclass(frozen=True)
class Reason:
    """One step of the reasoning, in words, with what it rests on."""

    code: str
    params: Mapping[str, str]
    words: Words
    basis: Basis

    @property
    def ja(self) -> str:
        return self.words.ja

    @property
    def en(self) -> str:
        return self.words.en

    @property
    def easy(self) -> str:
        return self.words.easy

    @property
    def evidence(self) -> str:
        """The mark L, M or G."""
        return self.basis.mark.value

    @property
    def citation(self) -> str:
        """The sources in Japanese, in one line."""
        return "、".join(source.ja for source in self.basis.sources)

    @property
    def citation_en(self) -> str:
        return "; ".join(source.en for source in self.basis.sources)


class DoseVerdict(NamedTuple):
    """The judgement of one dose. ``allowed_from``: first day on which it would have been valid.

    ``target`` is the dose of the series it was measured against, ``conflict`` the other product
    that stood too near. ``reason`` is filled where words were asked for.
    """

    product: str
    date: datetime.date
    verdict: Verdict
    target: str | None = None
    allowed_from: datetime.date | None = None
    conflict: str | None = None
    reason: Reason | None = None

    @property
    def counts(self) -> bool:
        """Whether the dose takes a place in the series."""
        return self.verdict in COUNTED


class GroupResult(NamedTuple):
    """Where one vaccine of a child stands. Null dates: there is no such day, never "unknown".

    All days inclusive. ``last_start_to_complete``: last day of the next dose that leaves room for
    all further ones. ``follows``: the group whose result this repeats (one product covers both).
    ``publishable``: no unconfirmed row stands behind it; ``standard_to_publishable``: nor that day.
    """

    group: str
    status: Status
    doses: tuple[DoseVerdict, ...] = ()
    next_dose: str | None = None
    next_dose_number: int | None = None
    earliest: datetime.date | None = None
    standard_from: datetime.date | None = None
    standard_to: datetime.date | None = None
    latest: datetime.date | None = None
    last_start_to_complete: datetime.date | None = None
    planned_product: str | None = None
    series: str | None = None
    follows: str | None = None
    publishable: bool = True
    standard_to_publishable: bool = True
    reasons: tuple[Reason, ...] = ()
