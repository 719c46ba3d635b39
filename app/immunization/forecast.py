"""What is due, and when? The forecast of every routine vaccine of one child on one day. Pure.

Doses are judged by the rules of their own day (``evaluation``), the forecast by those of the day
asked about.
"""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from app.immunization import explain
from app.immunization.errors import DoseBeforeBirth, UnknownProduct
from app.immunization.evaluation import Walk, belonging, walk
from app.immunization.faults import AskedBeforeBirth, DayOutOfRange
from app.immunization.outlook import Outlook, look_ahead, look_ahead_unstarted
from app.immunization.plan import lay_out, lay_out_one
from app.immunization.results import DoseVerdict, GivenDose, GroupResult, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.immunization.plan import GroupPlan
    from app.immunization.progress import Progress
    from app.immunization.rules import Follows, Group, Schedule, Sex


EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""The engine answers about births and days between these: well inside the calendar it computes."""
BY_DAY_AND_PRODUCT = itemgetter(1, 0)
NOT_APPLICABLE, NEEDS_REVIEW = Status.NOT_APPLICABLE, Status.NEEDS_REVIEW
COMPLETE, EXPIRED, UNREACHABLE = Status.COMPLETE, Status.EXPIRED, Status.UNREACHABLE
NOT_YET, ELIGIBLE_EARLY, DUE = Status.NOT_YET, Status.ELIGIBLE_EARLY, Status.DUE
OVERDUE, CONSULT_LATE_START = Status.OVERDUE, Status.CONSULT_LATE_START
"""Bound once: in Python 3.11 reaching a member of an enum takes longer than judging by it."""


class Asked(NamedTuple):
    """One question: a child, the doses given up to the asked day in order, and that day."""

    schedule: Schedule
    born_on: date
    sex: Sex
    history: tuple[GivenDose, ...]
    as_of: date
    products: frozenset[str]

    def again(self, history: tuple[GivenDose, ...], as_of: date) -> Asked:
        """The same child with other doses, sorted by day, none after ``as_of``."""
        products = frozenset(dose[0] for dose in history)
        return self._replace(history=history, as_of=as_of, products=products)


def ask(
    schedule: Schedule, *, born_on: date, sex: Sex, given: Iterable[GivenDose], as_of: date
) -> Asked:
    """Order and check the doses; those after the asked day are left out.

    Raises ``DayOutOfRange``, ``AskedBeforeBirth``, ``DoseBeforeBirth``, ``UnknownProduct``.
    """
    for day in (born_on, as_of):
        if not EARLIEST_DAY <= day <= LATEST_DAY:
            raise DayOutOfRange(day)
    if as_of < born_on:
        raise AskedBeforeBirth(as_of, born_on)
    history = sorted(given, key=BY_DAY_AND_PRODUCT)
    products = frozenset([dose[0] for dose in history])
    unknown = products - schedule.products.keys()
    if unknown:
        raise UnknownProduct(f"unknown product {min(unknown)!r}")
    if history and history[0].date < born_on:
        raise DoseBeforeBirth(history[0].date)
    if history and history[-1].date > as_of:
        history = [dose for dose in history if dose.date <= as_of]
        products = frozenset([dose[0] for dose in history])
    return Asked(schedule, born_on, sex, tuple(history), as_of, products)


def evaluate_child(
    schedule: Schedule, *, born_on: date, sex: Sex, given: Iterable[GivenDose], as_of: date
) -> dict[str, GroupResult]:
    """Every routine vaccine of a child with verdicts, dates and the reasons in words."""
    asked = ask(schedule, born_on=born_on, sex=sex, given=given, as_of=as_of)
    plans = {plan.group.code: plan for plan in lay_out(schedule, born_on)}
    return {
        code: explain.with_reasons(schedule, plans[code], result, asked.history, as_of)
        for code, result in decide(asked).items()
    }


def forecast_child(
    schedule: Schedule,
    *,
    born_on: date,
    sex: Sex,
    given: Iterable[GivenDose],
    as_of: date,
    with_last_start: bool = True,
) -> dict[str, GroupResult]:
    """The same without words: for many children at once."""
    asked = ask(schedule, born_on=born_on, sex=sex, given=given, as_of=as_of)
    return decide(asked, with_last_start=with_last_start)


def decide(asked: Asked, *, with_last_start: bool = True) -> dict[str, GroupResult]:
    """Verdicts, status and dates of every vaccine, in the order of the schedule."""
    results: dict[str, GroupResult] = {}
    for plan in lay_out(asked.schedule, asked.born_on):
        results[plan.code] = _decide_group(asked, plan, results, with_last_start=with_last_start)
    return results


def decide_one(asked: Asked, code: str, *, with_last_start: bool = True) -> GroupResult:
    """One vaccine alone. ``code`` is a group of the schedule."""
    plan = lay_out_one(asked.schedule.groups[code], asked.born_on)
    done: dict[str, GroupResult] = {}
    follows = plan.group.follows
    if follows is not None:
        done[follows.group] = decide_one(asked, follows.group, with_last_start=with_last_start)
    return _decide_group(asked, plan, done, with_last_start=with_last_start)


def _decide_group(
    asked: Asked, plan: GroupPlan, done: Mapping[str, GroupResult], *, with_last_start: bool
) -> GroupResult:
    group = plan.group
    if not plan.in_cohort or not is_for(asked, group):
        return GroupResult(group.code, NOT_APPLICABLE)
    if group.follows is not None and not has_own_series(asked, group.follows):
        return _followed(asked, plan, group.follows, done)
    if group.counts.isdisjoint(asked.products):
        return forecast_untouched(asked, plan, with_last_start=with_last_start)
    walked = walk(asked.schedule, plan, asked.history)
    if walked.stopped:
        return GroupResult(group.code, NEEDS_REVIEW, walked.verdicts)
    return forecast_begun(asked, walked, with_last_start=with_last_start)


def is_for(asked: Asked, group: Group) -> bool:
    """Whether the vaccine is for children of this sex."""
    return group.sex is None or group.sex == asked.sex


def has_own_series(asked: Asked, follows: Follows) -> bool:
    """Whether the vaccine is followed up by itself and not as part of another one."""
    if asked.as_of < follows.as_of_from:
        return True
    return follows.unless_given in asked.products


def _followed(
    asked: Asked, plan: GroupPlan, follows: Follows, done: Mapping[str, GroupResult]
) -> GroupResult:
    """The result of the other group, or a review where an older product of it was given."""
    if follows.review_if_given in asked.products:
        verdicts = tuple(
            DoseVerdict(dose.product, dose.date, Verdict.VALID)
            for dose in belonging(plan, asked.history)
        )
        return GroupResult(plan.group.code, NEEDS_REVIEW, verdicts)
    return done[follows.group]._replace(group=plan.group.code, follows=follows.group)


def forecast_begun(asked: Asked, walked: Walk, *, with_last_start: bool) -> GroupResult:
    """A vaccine of which doses were given and none is at fault."""
    taken = walked.progress
    plan = taken.plan
    if taken.finished:
        return GroupResult(plan.group.code, COMPLETE, walked.verdicts)
    product = planned_product(asked.schedule, taken, asked.as_of)
    floor = _floor(asked, plan, product)
    ahead = look_ahead(taken, product, asked.as_of, floor, with_last_start=with_last_start)
    if ahead is None:
        return GroupResult(plan.group.code, COMPLETE, walked.verdicts)
    return _result(
        plan, ahead, product, asked.as_of, verdicts=walked.verdicts, number=1 + taken.count
    )


def forecast_untouched(asked: Asked, plan: GroupPlan, *, with_last_start: bool) -> GroupResult:
    """A vaccine of which nothing was given: the outlook hangs on the birth, hardly on the day."""
    product = plan.group.plans_with
    floor = _floor(asked, plan, product)
    ahead = look_ahead_unstarted(plan, product, asked.as_of, floor, with_last_start=with_last_start)
    return _result(plan, ahead, product, asked.as_of)


def _result(
    plan: GroupPlan,
    ahead: Outlook,
    product: str,
    as_of: date,
    *,
    verdicts: tuple[DoseVerdict, ...] = (),
    number: int = 1,
) -> GroupResult:
    window = ahead.window
    fits = ahead.earliest <= ahead.latest
    return GroupResult(
        plan.group.code,
        _status(plan, ahead, as_of, number),
        verdicts,
        ahead.target.id,
        number,
        ahead.earliest if fits else None,
        None if window is None else window.start,
        None if window is None else window.to,
        ahead.latest,
        ahead.last_start,
        product,
        ahead.series,
        None,
        ahead.publishable,
        window is None or window.to_publishable,
    )


def planned_product(schedule: Schedule, progress: Progress, as_of: date) -> str:
    """The product the next dose is planned with."""
    group = progress.plan.group
    if group.choose == "by_first_product" and progress.first_product is not None:
        return progress.first_product
    if group.choose == "by_own_product" and progress.previous_product is not None:
        last = schedule.products[progress.previous_product]
        return last.code if last.is_routine_on(as_of) else group.plans_with
    return group.plans_with


def _floor(asked: Asked, plan: GroupPlan, product: str) -> date:
    """No dose before this day: programme start, first age, and other vaccines given before."""
    floor = plan.floor_on
    gaps = asked.schedule.gaps_before(product, asked.as_of)
    if gaps:
        for earlier, on in asked.history:
            if earlier in gaps:
                floor = max(floor, gaps[earlier][0].after(on))
    return floor


def _status(plan: GroupPlan, ahead: Outlook, as_of: date, number: int) -> Status:
    earliest, window = ahead.earliest, ahead.window
    consult_after = plan.consult_after_on
    if as_of > ahead.latest:
        return EXPIRED
    if earliest > ahead.latest:
        return UNREACHABLE
    if as_of < earliest:
        return NOT_YET
    if number == 1 and consult_after is not None and as_of > consult_after:
        return CONSULT_LATE_START
    if window is None or as_of > window.to:
        return OVERDUE
    return ELIGIBLE_EARLY if as_of < window.start else DUE
