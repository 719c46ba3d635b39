"""Is this dose valid? Each dose given is judged in the order of days, by the rules of its own day.

There is no grace period: a dose one day early is not valid (定期接種実施要領). A dose at fault
stops the judgement of its vaccine: whether it counts, a physician or the municipality decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.immunization.progress import Progress
from app.immunization.results import DoseVerdict, GivenDose, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.immunization.plan import GroupPlan
    from app.immunization.rules import CrossRule, Schedule


SURPLUS, VALID, AFTER_LATEST = Verdict.SURPLUS, Verdict.VALID, Verdict.AFTER_LATEST


class Walk(NamedTuple):
    """The verdicts of one vaccine, how far it came, and whether a dose at fault stopped it."""

    progress: Progress
    verdicts: tuple[DoseVerdict, ...]
    stopped: bool


class Conflict(NamedTuple):
    """An earlier dose of another product that stands too near."""

    dose: GivenDose
    allowed_from: date
    rule: CrossRule


def belonging(plan: GroupPlan, history: Sequence[GivenDose]) -> list[GivenDose]:
    """The doses of a history that this vaccine counts, in the same order."""
    counts = plan.group.counts
    own = [dose for dose in history if dose[0] in counts]
    if plan.shares_product:
        first, end = plan.takes_from_on, plan.takes_before_on
        return [dose for dose in own if first <= dose.date < end]
    return own


def walk(schedule: Schedule, plan: GroupPlan, history: Sequence[GivenDose]) -> Walk:
    """Judge every dose of this vaccine in ``history``, which is sorted by day."""
    progress = Progress(plan)
    verdicts: list[DoseVerdict] = []
    for dose in belonging(plan, history):
        judged = judge(schedule, progress, dose, history)
        verdicts.append(judged)
        verdict = judged.verdict
        if verdict is VALID or verdict is AFTER_LATEST:
            progress.take(dose.product, dose.date)
        elif verdict is not SURPLUS:
            return Walk(progress, tuple(verdicts), stopped=True)
    return Walk(progress, tuple(verdicts), stopped=False)


def judge(
    schedule: Schedule, progress: Progress, dose: GivenDose, history: Sequence[GivenDose]
) -> DoseVerdict:
    """The verdict on the next dose of a vaccine. The first reason that applies wins."""
    product, on = dose
    target = progress.open_target(product, on)
    if target is None:
        return DoseVerdict(product, on, SURPLUS)
    plan = progress.plan
    if not schedule.products[product].is_routine_on(on) or (
        plan.restricts_product and not _may_follow(progress, product)
    ):
        return DoseVerdict(product, on, Verdict.PRODUCT_NOT_ALLOWED, target.id)
    if on < plan.first_on:
        return DoseVerdict(product, on, Verdict.TOO_EARLY_AGE, target.id, plan.first_on)
    waits = progress.waits_until(target)
    if on < waits:
        return DoseVerdict(product, on, Verdict.INTERVAL_SHORT, target.id, waits)
    conflict = conflict_of(schedule, dose, history)
    if conflict is not None:
        allowed, other = conflict.allowed_from, conflict.dose.product
        return DoseVerdict(product, on, Verdict.CROSS_INTERVAL_SHORT, target.id, allowed, other)
    series = progress.series
    last = plan.last_on if series is None else series.last_on
    return DoseVerdict(product, on, AFTER_LATEST if on > last else VALID, target.id)


def conflict_of(
    schedule: Schedule, dose: GivenDose, history: Sequence[GivenDose]
) -> Conflict | None:
    """The earlier dose of another product that keeps this one waiting longest, if any does.

    The rule in force on the day of the later dose decides; the same day is allowed.
    """
    product, on = dose
    gaps = schedule.gaps_before(product, on)
    if not gaps:
        return None
    worst: Conflict | None = None
    near = on - schedule.longest_cross_gap
    for earlier in history:
        if near <= earlier[1] < on and earlier[0] in gaps:
            gap, rule = gaps[earlier[0]]
            allowed = gap.after(earlier[1])
            if on < allowed and (worst is None or allowed > worst.allowed_from):
                worst = Conflict(earlier, allowed, rule)
    return worst


def _may_follow(progress: Progress, product: str) -> bool:
    """Not a forbidden pair, and the same oral product to the end."""
    group = progress.plan.group
    if product in group.never_together:
        others = group.never_together - {product}
        return not any(earlier in others for earlier in progress.products)
    if group.choose == "by_first_product" and progress.first_product is not None:
        return product == progress.first_product
    return True
