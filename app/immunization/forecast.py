"""What is due, and when? The forecast of every routine vaccine of one child on one day. Pure.

Doses are judged by the rules of their own day (``evaluation``), the forecast by those of the day
asked about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from app.immunization import explain
from app.immunization.completion import coming, last_start
from app.immunization.errors import DoseBeforeBirth, UnknownProduct
from app.immunization.evaluation import Walk, belonging, walk
from app.immunization.faults import AskedBeforeBirth
from app.immunization.plan import lay_out
from app.immunization.results import DoseVerdict, GivenDose, GroupResult, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.immunization.plan import Edge, GroupPlan, TargetPlan
    from app.immunization.progress import Progress
    from app.immunization.rules import Follows, Schedule, Sex


class Asked(NamedTuple):
    """One question: a child, the doses given up to the asked day in order, and that day."""

    schedule: Schedule
    born_on: date
    sex: Sex
    history: tuple[GivenDose, ...]
    as_of: date


class Window(NamedTuple):
    """A standard window and whether its last day rests on a confirmed row."""

    start: date
    to: date
    to_publishable: bool


def ask(
    schedule: Schedule, *, born_on: date, sex: Sex, given: Iterable[GivenDose], as_of: date
) -> Asked:
    """Order and check the doses; those after the asked day are left out.

    Raises ``AskedBeforeBirth``, ``DoseBeforeBirth``, ``UnknownProduct``.
    """
    if as_of < born_on:
        raise AskedBeforeBirth(as_of, born_on)
    history = sorted(given, key=lambda dose: (dose[1], dose[0]))
    for product, on in history:
        if product not in schedule.products:
            raise UnknownProduct(f"unknown product {product!r}")
        if on < born_on:
            raise DoseBeforeBirth(on)
    upto = tuple(dose for dose in history if dose[1] <= as_of)
    return Asked(schedule, born_on, sex, upto, as_of)


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
        results[plan.group.code] = _decide_group(
            asked, plan, results, with_last_start=with_last_start
        )
    return results


def decide_one(asked: Asked, code: str, *, with_last_start: bool = True) -> GroupResult:
    """One vaccine alone. ``code`` is a group of the schedule."""
    plans = {plan.group.code: plan for plan in lay_out(asked.schedule, asked.born_on)}
    done: dict[str, GroupResult] = {}
    follows = plans[code].group.follows
    if follows is not None:
        done[follows.group] = decide_one(asked, follows.group, with_last_start=with_last_start)
    return _decide_group(asked, plans[code], done, with_last_start=with_last_start)


def _decide_group(
    asked: Asked, plan: GroupPlan, done: Mapping[str, GroupResult], *, with_last_start: bool
) -> GroupResult:
    group = plan.group
    if not plan.in_cohort or (group.sex is not None and group.sex != asked.sex):
        return GroupResult(group.code, Status.NOT_APPLICABLE)
    if group.follows is not None and not _has_own_series(asked, group.follows):
        return _followed(asked, plan, group.follows, done)
    walked = walk(asked.schedule, plan, asked.history)
    if walked.stopped:
        return GroupResult(group.code, Status.NEEDS_REVIEW, walked.verdicts)
    return _forecast(asked, walked, with_last_start=with_last_start)


def _has_own_series(asked: Asked, follows: Follows) -> bool:
    if asked.as_of < follows.as_of_from:
        return True
    return any(dose[0] == follows.unless_given for dose in asked.history)


def _followed(
    asked: Asked, plan: GroupPlan, follows: Follows, done: Mapping[str, GroupResult]
) -> GroupResult:
    """The result of the other group, or a review where an older product of it was given."""
    if any(dose[0] == follows.review_if_given for dose in asked.history):
        verdicts = tuple(
            DoseVerdict(dose.product, dose.date, Verdict.VALID)
            for dose in belonging(plan, asked.history)
        )
        return GroupResult(plan.group.code, Status.NEEDS_REVIEW, verdicts)
    return replace(done[follows.group], group=plan.group.code, follows=follows.group)


def _forecast(asked: Asked, walked: Walk, *, with_last_start: bool) -> GroupResult:
    taken = walked.progress
    plan = taken.plan
    code = plan.group.code
    product = planned_product(asked.schedule, taken, asked.as_of)
    floor = _floor(asked, plan, product)
    ahead = taken.copy()
    step = coming(ahead, product, asked.as_of, floor)
    if step is None:
        return GroupResult(code, Status.COMPLETE, walked.verdicts)
    target, earliest = step
    latest = target.latest_on
    fits = earliest <= latest
    window = _standard(ahead, target, asked.as_of, earliest) if fits else None
    return GroupResult(
        group=code,
        status=_status(ahead, asked.as_of, earliest, latest, window),
        doses=walked.verdicts,
        next_dose=target.id,
        next_dose_number=1 + taken.count,
        earliest=earliest if fits else None,
        standard_from=None if window is None else window.start,
        standard_to=None if window is None else window.to,
        latest=latest,
        last_start_to_complete=(
            last_start(
                ahead if taken.count else taken,
                product,
                earliest=earliest,
                latest=latest,
                floor=floor,
            )
            if fits and with_last_start
            else None
        ),
        planned_product=product,
        series=None if ahead.series is None else ahead.series.id,
        publishable=target.row.basis.publishable and plan.group.window.basis.publishable,
        standard_to_publishable=window is None or window.to_publishable,
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


def _standard(progress: Progress, target: TargetPlan, as_of: date, earliest: date) -> Window | None:
    """The recommended days, cut to those that are possible; None when none is left."""
    group = progress.plan.group
    latest = target.latest_on
    first_series = progress.series is progress.plan.series[0]
    if progress.count == 0 and group.choose == "by_start_age" and not first_series:
        return None
    row = target.former if _former_applies(progress, as_of) and target.former else target.standard
    if row is None or (progress.skipped and not target.row.standard_after_skip):
        return Window(earliest, latest, to_publishable=True)
    start = max(_edge(row.start, progress, earliest), earliest)
    to = latest if row.to is None else _edge(row.to, progress, latest)
    if to >= latest:
        return Window(start, latest, to_publishable=True) if start <= latest else None
    return Window(start, to, to_publishable=row.to_publishable) if start <= to else None


def _edge(edge: Edge, progress: Progress, otherwise: date) -> date:
    if isinstance(edge, date):
        return edge
    since = progress.previous_on if edge.since == "prev" else progress.first_on
    return otherwise if since is None else edge.gap.after(since)


def _former_applies(progress: Progress, as_of: date) -> bool:
    former = progress.plan.group.former_standard
    if former is None:
        return False
    if progress.first_product is None:
        return as_of < former.unstarted_before
    return progress.first_product == former.first_product and as_of < former.as_of_before


def _status(
    progress: Progress, as_of: date, earliest: date, latest: date, window: Window | None
) -> Status:
    consult_after = progress.plan.consult_after_on
    if as_of > latest:
        return Status.EXPIRED
    if earliest > latest:
        return Status.UNREACHABLE
    if as_of < earliest:
        return Status.NOT_YET
    if progress.count == 0 and consult_after is not None and as_of > consult_after:
        return Status.CONSULT_LATE_START
    if window is None or as_of > window.to:
        return Status.OVERDUE
    return Status.ELIGIBLE_EARLY if as_of < window.start else Status.DUE
