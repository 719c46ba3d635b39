"""Why these days? The steps of the reasoning, each with its sentence, source and evidence mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.immunization.completion import coming
from app.immunization.evaluation import walk
from app.immunization.phrases import Fact, fact_text, fill
from app.immunization.results import DoseVerdict, GivenDose, GroupResult, Reason, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from app.immunization.plan import GroupPlan, TargetPlan
    from app.immunization.progress import Progress
    from app.immunization.rules import Schedule
    from app.immunization.wording import Basis

AHEAD = frozenset(
    {
        Status.NOT_YET,
        Status.ELIGIBLE_EARLY,
        Status.DUE,
        Status.OVERDUE,
        Status.CONSULT_LATE_START,
    }
)


def say(schedule: Schedule, code: str, basis: Basis, **facts: Fact) -> Reason:
    """One reason in words."""
    params = {name: fact_text(fact) for name, fact in facts.items()}
    return Reason(code, params, fill(schedule.wording[code], facts), basis)


def with_reasons(
    schedule: Schedule,
    plan: GroupPlan,
    result: GroupResult,
    history: Sequence[GivenDose],
    as_of: date,
) -> GroupResult:
    """The same result with a reason for each dose and for each of its days."""
    doses = tuple(
        dose._replace(reason=verdict_reason(schedule, plan, dose, history)) for dose in result.doses
    )
    reasons = [status_reason(schedule, plan, result)]
    if result.follows is not None:
        group = schedule.groups[result.follows]
        basis = plan.group.follows.basis if plan.group.follows else plan.group.basis
        reasons.append(say(schedule, "why.follows", basis, other=group))
    elif _is_mixed_history(result):
        reasons.append(say(schedule, "why.mixed_history", plan.group.basis))
    elif result.next_dose is not None:
        reasons += _steps(schedule, plan, result, history, as_of)
    return result._replace(doses=doses, reasons=tuple(reasons))


def _is_mixed_history(result: GroupResult) -> bool:
    return result.status is Status.NEEDS_REVIEW and all(dose.counts for dose in result.doses)


def status_reason(schedule: Schedule, plan: GroupPlan, result: GroupResult) -> Reason:
    """Where the vaccine stands, in one sentence."""
    code = f"status.{result.status.value}"
    facts: dict[str, Fact] = {}
    for name in ("earliest", "standard_from", "standard_to", "latest"):
        day = getattr(result, name)
        if day is not None:
            facts[name] = day
    if result.status is Status.DUE and not result.standard_to_publishable:
        code = "status.due_unconfirmed"
    if plan.consult_after_on is not None:
        facts["until"] = plan.consult_after_on
    return say(schedule, code, plan.group.window.basis, **facts)


def _steps(
    schedule: Schedule,
    plan: GroupPlan,
    result: GroupResult,
    history: Sequence[GivenDose],
    as_of: date,
) -> Iterator[Reason]:
    progress = walk(schedule, plan, history).progress
    product = result.planned_product or plan.group.plans_with
    step = coming(progress, product, as_of, plan.floor_on)
    if step is None:
        return
    yield from _course(schedule, progress, step.target)
    yield from _earliest(schedule, progress, step.target)
    yield from _across(schedule, result, product, history, as_of)
    yield from _standard(schedule, progress, step.target, result)
    if result.latest is not None:
        yield say(schedule, "why.latest", plan.group.window.basis, day=result.latest)
    yield from _finishing(schedule, plan, result, as_of)
    yield from switches(schedule, plan.group.code, progress, product)


def _course(schedule: Schedule, progress: Progress, target: TargetPlan) -> Iterator[Reason]:
    plan, series = progress.plan, progress.series
    if plan.short is not None and target is plan.short.target and plan.group.short_course:
        course = plan.group.short_course
        yield say(schedule, "why.short_course", course.basis, age=course.first_until)
    elif series is not None and plan.group.choose == "by_first_product":
        product = schedule.products[series.product or plan.group.plans_with]
        count = len(series.targets)
        yield say(schedule, "why.series_product", target.row.basis, product=product, count=count)
    elif series is not None and plan.group.choose == "by_start_age":
        code = "why.series" if progress.count else "why.series_unstarted"
        yield say(schedule, code, target.row.basis, count=len(series.targets))
    if progress.skipped:
        yield say(schedule, "why.skipped", target.row.basis)


def _earliest(schedule: Schedule, progress: Progress, target: TargetPlan) -> Iterator[Reason]:
    plan, row = progress.plan, target.row
    yield _first_day(schedule, plan)
    if plan.group.program_from is not None and plan.floor_on > plan.first_on:
        yield say(schedule, "why.program", plan.group.basis, day=plan.group.program_from)
    if row.min_age is not None and target.min_age_on is not None:
        yield say(schedule, "why.min_age", row.basis, age=row.min_age, day=target.min_age_on)
    gap = row.gap_after_skip if progress.skipped and row.gap_after_skip else row.gap
    if gap is not None and progress.previous_on is not None:
        since = progress.previous_on
        yield say(
            schedule, "why.interval", row.basis, gap=gap, previous=since, day=gap.after(since)
        )
    if row.first_gap is not None and progress.first_on is not None:
        since, gap = progress.first_on, row.first_gap
        yield say(
            schedule, "why.first_interval", row.basis, gap=gap, previous=since, day=gap.after(since)
        )


def _first_day(schedule: Schedule, plan: GroupPlan) -> Reason:
    window = plan.group.window
    line = next(
        (line for line in window.first if line.at.on(plan.born_on) == plan.first_on),
        window.first[-1],
    )
    attained = line.at.kind == "age" and line.at.amount > 0
    code = "why.first_age" if attained else "why.first_day"
    return say(schedule, code, window.basis, age=line.at, day=plan.first_on)


def _across(
    schedule: Schedule,
    result: GroupResult,
    product: str,
    history: Sequence[GivenDose],
    as_of: date,
) -> Iterator[Reason]:
    gaps = schedule.gaps_before(product, as_of)
    for earlier, on in history:
        if earlier in gaps:
            gap, rule = gaps[earlier]
            if gap.after(on) == result.earliest:
                other = schedule.products[earlier]
                yield say(
                    schedule,
                    "why.cross",
                    rule.basis,
                    other=other,
                    previous=on,
                    gap=gap,
                    day=gap.after(on),
                )


def _standard(
    schedule: Schedule, progress: Progress, target: TargetPlan, result: GroupResult
) -> Iterator[Reason]:
    row = target.row
    if result.earliest is None:
        return
    if result.standard_from is None or result.standard_to is None:
        yield say(schedule, "why.standard_gone", row.basis)
    elif row.standard is None or (progress.skipped and not row.standard_after_skip):
        yield say(schedule, "why.standard_open", row.basis)
    elif result.standard_to_publishable:
        days: dict[str, Fact] = {"from": result.standard_from, "to": result.standard_to}
        yield say(schedule, "why.standard", row.basis, **days)


def _finishing(
    schedule: Schedule, plan: GroupPlan, result: GroupResult, as_of: date
) -> Iterator[Reason]:
    last = result.last_start_to_complete
    if result.status not in AHEAD:
        return
    basis = plan.group.basis
    if last is None:
        yield say(schedule, "why.cannot_finish_at_all", basis)
    elif last < as_of:
        yield say(schedule, "why.cannot_finish", basis, day=last)
    elif last != result.latest:
        yield say(schedule, "why.finish_by", basis, day=last)


def switches(schedule: Schedule, group: str, progress: Progress, product: str) -> Iterator[Reason]:
    """What is to be said when the planned product follows another one of the group."""
    for row in schedule.switches:
        if row.group == group and row.before in progress.products and product in row.after:
            yield say(schedule, row.code, row.basis, before=schedule.products[row.before])


def verdict_reason(
    schedule: Schedule, plan: GroupPlan, dose: DoseVerdict, history: Sequence[GivenDose]
) -> Reason:
    """Why a dose has its verdict."""
    if dose.verdict is Verdict.PRODUCT_NOT_ALLOWED:
        return _product_reason(schedule, plan, dose, history)
    code = f"verdict.{dose.verdict.value}"
    facts: dict[str, Fact] = {}
    basis = plan.group.basis
    if dose.allowed_from is not None:
        facts = {"day": dose.allowed_from, "short": (dose.allowed_from - dose.date).days}
    if dose.verdict is Verdict.AFTER_LATEST:
        series = plan.by_product.get(dose.product)
        facts["day"] = plan.last_on if series is None else series.last_on
    if dose.verdict is Verdict.TOO_EARLY_AGE:
        basis = plan.group.window.basis
    if dose.conflict is not None:
        gap, rule = schedule.gaps_before(dose.product, dose.date)[dose.conflict]
        facts |= {"other": schedule.products[dose.conflict], "gap": gap}
        basis = rule.basis
    return say(schedule, code, basis, **facts)


def _product_reason(
    schedule: Schedule, plan: GroupPlan, dose: DoseVerdict, history: Sequence[GivenDose]
) -> Reason:
    product = schedule.products[dose.product]
    if not product.is_routine_on(dose.date):
        return say(
            schedule, "verdict.not_routine_then", product.basis, product=product, day=dose.date
        )
    others = [
        schedule.products[earlier.product]
        for earlier in history
        if earlier.product in plan.group.counts and earlier.product != dose.product
    ]
    if product.code in plan.group.never_together:
        other = next(found for found in others if found.code in plan.group.never_together)
        return say(schedule, "verdict.mixed", plan.group.basis, other=other, product=product)
    return say(schedule, "verdict.same_to_the_end", plan.group.basis, other=others[0])
