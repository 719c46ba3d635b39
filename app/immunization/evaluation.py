"""Is this dose valid? Each dose given is judged in the order of days, by the rules of its own day.

There is no grace period: a dose one day early is not valid (定期接種実施要領). A dose at fault
stops the judgement of its vaccine: whether it counts, a physician or the municipality decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.immunization.progress import Progress
from app.immunization.results import STOPPING, DoseVerdict, GivenDose, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.immunization.plan import GroupPlan
    from app.immunization.rules import CrossRule, Schedule


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
    return [
        dose
        for dose in history
        if dose[0] in counts and plan.takes_from_on <= dose[1] < plan.takes_before_on
    ]


def walk(schedule: Schedule, plan: GroupPlan, history: Sequence[GivenDose]) -> Walk:
    """Judge every dose of this vaccine in ``history``, which is sorted by day."""
    progress = Progress(plan)
    verdicts: list[DoseVerdict] = []
    for dose in belonging(plan, history):
        verdict = judge(schedule, progress, dose, history)
        verdicts.append(verdict)
        if verdict.verdict in STOPPING:
            return Walk(progress, tuple(verdicts), stopped=True)
        if verdict.verdict is not Verdict.SURPLUS:
            progress.take(dose.product, dose.date)
    return Walk(progress, tuple(verdicts), stopped=False)


def judge(
    schedule: Schedule, progress: Progress, dose: GivenDose, history: Sequence[GivenDose]
) -> DoseVerdict:
    """The verdict on the next dose of a vaccine. The first reason that applies wins."""
    product, on = dose
    target = progress.open_target(product, on)
    if target is None:
        return DoseVerdict(product, on, Verdict.SURPLUS)
    if not _is_allowed(schedule, progress, product, on):
        return DoseVerdict(product, on, Verdict.PRODUCT_NOT_ALLOWED, target.id)
    if on < progress.plan.first_on:
        first = progress.plan.first_on
        return DoseVerdict(product, on, Verdict.TOO_EARLY_AGE, target.id, first)
    waits = progress.waits_until(target)
    if on < waits:
        return DoseVerdict(product, on, Verdict.INTERVAL_SHORT, target.id, waits)
    conflict = conflict_of(schedule, dose, history)
    if conflict is not None:
        return DoseVerdict(
            product,
            on,
            Verdict.CROSS_INTERVAL_SHORT,
            target.id,
            conflict.allowed_from,
            conflict.dose.product,
        )
    return DoseVerdict(product, on, _by_last_day(progress, on), target.id)


def conflict_of(
    schedule: Schedule, dose: GivenDose, history: Sequence[GivenDose]
) -> Conflict | None:
    """The earlier dose of another product that keeps this one waiting longest, if any does.

    The rule in force on the day of the later dose decides; the same day is allowed.
    """
    gaps = schedule.gaps_before(dose.product, dose.date)
    worst: Conflict | None = None
    if not gaps:
        return None
    near = dose.date - schedule.longest_cross_gap
    for earlier in history:
        if not near <= earlier.date < dose.date or earlier.product not in gaps:
            continue
        gap, rule = gaps[earlier.product]
        allowed = gap.after(earlier.date)
        if dose.date < allowed and (worst is None or allowed > worst.allowed_from):
            worst = Conflict(earlier, allowed, rule)
    return worst


def _is_allowed(schedule: Schedule, progress: Progress, product: str, on: date) -> bool:
    """Routine on that day, not a forbidden pair, and the same oral product to the end."""
    if not schedule.products[product].is_routine_on(on):
        return False
    group = progress.plan.group
    if product in group.never_together:
        others = group.never_together - {product}
        return not any(earlier in others for earlier in progress.products)
    if group.choose == "by_first_product" and progress.first_product is not None:
        return product == progress.first_product
    return True


def _by_last_day(progress: Progress, on: date) -> Verdict:
    series = progress.series
    last = progress.plan.last_on if series is None else series.last_on
    return Verdict.AFTER_LATEST if on > last else Verdict.VALID
