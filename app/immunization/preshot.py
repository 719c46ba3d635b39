"""Before the shot: what would this dose be worth today? Warns, never blocks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from app.immunization import explain, forecast
from app.immunization.errors import UnknownProduct
from app.immunization.evaluation import belonging, conflict_of, walk
from app.immunization.plan import GroupPlan, lay_out
from app.immunization.resting import without
from app.immunization.results import STOPPING, DoseVerdict, GivenDose, Reason, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from app.immunization.rules import Product, Schedule, Sex


@dataclass(frozen=True)
class PreShot:
    """The answer before a shot.

    ``verdict`` is None where no routine vaccine can judge it: an earlier dose needs review first,
    or the vaccine is not routine for this child. ``allowed_from``: first day it would be valid.
    """

    product: str
    on: date
    verdict: Verdict | None
    groups: tuple[str, ...]
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    allowed_from: date | None = None

    @property
    def is_clear(self) -> bool:
        """Nothing to ask before giving the dose; otherwise the recorder states a reason."""
        return self.verdict is Verdict.VALID


def check_before_shot(
    schedule: Schedule,
    *,
    born_on: date,
    sex: Sex,
    given: Iterable[GivenDose],
    product: str,
    on: date,
    unconfirmed: Sequence[GivenDose] = (),
) -> PreShot:
    """Judge an intended dose with the same rules as a given one.

    ``unconfirmed``: those of ``given`` that only the family has written. They count; where the
    answer would be another without them, a warning says so.

    Raises ``UnknownProduct``, ``DoseBeforeBirth``, ``AskedBeforeBirth``.
    """
    recorded = list(given)
    judge = partial(_judged, schedule, born_on=born_on, sex=sex, product=product, on=on)
    check = judge(recorded)
    if not unconfirmed:
        return check
    return _marked(schedule, check, judge(without(recorded, unconfirmed)))


def _judged(
    schedule: Schedule,
    recorded: Sequence[GivenDose],
    *,
    born_on: date,
    sex: Sex,
    product: str,
    on: date,
) -> PreShot:
    if product not in schedule.products:
        raise UnknownProduct(f"unknown product {product!r}")
    before = forecast.ask(schedule, born_on=born_on, sex=sex, given=recorded, as_of=on)
    after = before.again((*before.history, GivenDose(product, on)), on)
    plans = _plans_of(schedule, born_on, product, on)
    judged = {plan.group.code: _intended(after, plan) for plan in plans}
    warnings = (
        *_record_warnings(schedule, schedule.products[product], recorded, on),
        *_series_warnings(before, plans, judged, product),
    )
    if plans:
        return _in_routine(judged, warnings, product, on)
    return _outside_routine(schedule, before, after.history[-1], warnings)


def _marked(schedule: Schedule, check: PreShot, alone: PreShot) -> PreShot:
    if (check.verdict, check.allowed_from) == (alone.verdict, alone.allowed_from):
        return check
    said = explain.say(schedule, "shot.unconfirmed", schedule.products[check.product].basis)
    return replace(check, warnings=(*check.warnings, said))


def _plans_of(schedule: Schedule, born_on: date, product: str, on: date) -> list[GroupPlan]:
    """The vaccines of this child that a dose of the product on this day belongs to."""
    return [
        plan
        for plan in lay_out(schedule, born_on)
        if product in plan.group.counts and _takes(plan, on)
    ]


def _in_routine(
    judged: Mapping[str, DoseVerdict | None], warnings: tuple[Reason, ...], product: str, on: date
) -> PreShot:
    doses = [dose for dose in judged.values() if dose is not None]
    verdict = _overall([dose.verdict for dose in doses])
    return PreShot(
        product,
        on,
        verdict,
        tuple(judged),
        tuple(dose.reason for dose in doses if dose.reason and dose.verdict is verdict),
        warnings,
        max((dose.allowed_from for dose in doses if dose.allowed_from), default=None),
    )


def _intended(after: forecast.Asked, plan: GroupPlan) -> DoseVerdict | None:
    """The verdict on the last dose of the history; None where the walk did not come that far."""
    result = forecast.decide_one(after, plan.group.code)
    if len(result.doses) < len(belonging(plan, after.history)):
        return None
    dose = result.doses[-1]
    reason = explain.verdict_reason(after.schedule, plan, dose, after.history)
    return dose._replace(reason=reason)


def _takes(plan: GroupPlan, on: date) -> bool:
    return plan.takes_from_on <= on < plan.takes_before_on


def _overall(verdicts: Sequence[Verdict]) -> Verdict | None:
    """A fault in any vaccine counts; a dose that one vaccine needs is not surplus."""
    for verdict in (*(v for v in Verdict if v in STOPPING), Verdict.VALID, Verdict.AFTER_LATEST):
        if verdict in verdicts:
            return verdict
    return Verdict.SURPLUS if verdicts else None


def _record_warnings(
    schedule: Schedule, product: Product, recorded: Sequence[GivenDose], on: date
) -> Iterator[Reason]:
    for other, day in recorded:
        same = schedule.products[other]
        if set(same.antigens) & set(product.antigens) and day >= on:
            code = "shot.same_day" if day == on else "shot.later_recorded"
            yield explain.say(schedule, code, same.basis, product=same, day=day)
    if product.sold_until is not None and on > product.sold_until:
        yield explain.say(
            schedule, "shot.not_sold", product.basis, product=product, day=product.sold_until
        )


def _series_warnings(
    before: forecast.Asked,
    plans: Sequence[GroupPlan],
    judged: Mapping[str, DoseVerdict | None],
    product: str,
) -> Iterator[Reason]:
    schedule = before.schedule
    for plan in plans:
        code = plan.group.code
        ahead = forecast.decide_one(before, code)
        if judged[code] is None:
            stopped = ahead.status is Status.NEEDS_REVIEW
            said = "shot.review_first" if stopped else "status.not_applicable"
            yield explain.say(schedule, said, plan.group.basis)
        elif ahead.status is Status.ELIGIBLE_EARLY and ahead.standard_from is not None:
            day = ahead.standard_from
            yield explain.say(schedule, "shot.early_for_standard", plan.group.basis, day=day)
        elif ahead.status is Status.CONSULT_LATE_START:
            yield explain.status_reason(schedule, plan, ahead)
        progress = walk(schedule, plan, before.history).progress
        yield from explain.switches(schedule, code, progress, product)


def _outside_routine(
    schedule: Schedule, before: forecast.Asked, intended: GivenDose, warnings: tuple[Reason, ...]
) -> PreShot:
    """A voluntary vaccine, or one of the mother: only the gap to other vaccines is judged."""
    product = schedule.products[intended.product]
    code = "shot.mother" if product.subject == "mother" else "shot.no_group"
    said = explain.say(schedule, code, product.basis, product=product)
    conflict = conflict_of(schedule, intended, before.history)
    if conflict is None:
        return PreShot(product.code, intended.date, None, (), (said,), warnings)
    fault = explain.say(
        schedule,
        "verdict.cross_interval_short",
        conflict.rule.basis,
        other=schedule.products[conflict.dose.product],
        gap=conflict.rule.gap,
        day=conflict.allowed_from,
        short=(conflict.allowed_from - intended.date).days,
    )
    return PreShot(
        product.code,
        intended.date,
        Verdict.CROSS_INTERVAL_SHORT,
        (),
        (fault,),
        (said, *warnings),
        conflict.allowed_from,
    )
