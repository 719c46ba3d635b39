"""What a schema cannot see: references, overlaps, gaps, windows that close before they open."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from app.immunization.dates import ONE_DAY
from app.immunization.grammar import Moment
from app.immunization.plan import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.immunization.rules import CrossRule, FirstLine, Group, Schedule, TargetDose

# Births that bring out month ends, leap days and the edges of the fiscal year.
SAMPLE_BIRTHS = (date(2024, 2, 29), date(2025, 4, 1), date(2025, 4, 2), date(2025, 8, 31))


def problems_of(schedule: Schedule) -> Iterator[str]:
    """Every contradiction of an assembled schedule, in plain words."""
    yield from _cross_problems(schedule)
    yield from _switch_problems(schedule)
    yield from _reference_problems(schedule)
    for product in schedule.products.values():
        if (
            product.routine_from
            and product.routine_to
            and product.routine_from > product.routine_to
        ):
            yield f"products.{product.code}: routine ends before it begins"
    for group in schedule.groups.values():
        yield from _group_problems(schedule, group)


def _switch_problems(schedule: Schedule) -> Iterator[str]:
    for switch in schedule.switches:
        unknown = ({switch.before} | switch.after) - schedule.products.keys()
        if unknown or switch.group not in schedule.groups:
            yield f"switches: {switch.group} {switch.before} names something unknown"
        if switch.code not in schedule.wording:
            yield f"switches: no wording for {switch.code}"


def _reference_problems(schedule: Schedule) -> Iterator[str]:
    for measure in schedule.measures:
        for code in measure.cohorts.keys() - schedule.groups.keys():
            yield f"measures.{measure.id}: unknown group {code}"
    for code in schedule.contraindications.keys() - schedule.groups.keys() - {"every"}:
        yield f"contraindications: unknown group {code}"
    for row in schedule.voluntary:
        if row.product not in schedule.products:
            yield f"voluntary: unknown product {row.product}"
    if schedule.maternal.product not in schedule.products:
        yield f"maternal: unknown product {schedule.maternal.product}"


def _group_problems(schedule: Schedule, group: Group) -> Iterator[str]:
    place = f"groups.{group.code}"
    for code in sorted((group.counts | {group.plans_with}) - schedule.products.keys()):
        yield f"{place}: unknown product {code}"
    if group.plans_with not in group.counts:
        yield f"{place}: plans with {group.plans_with}, which it does not count"
    if group.follows is not None and not _stands_before(schedule, group):
        yield f"{place}: follows {group.follows.group}, which must stand before it"
    yield from _first_line_problems(place, group.window.first)
    yield from _series_problems(place, group)
    for born_on in SAMPLE_BIRTHS:
        yield from _laid_out_problems(schedule, group, born_on)


def _stands_before(schedule: Schedule, group: Group) -> bool:
    codes = list(schedule.groups)
    followed = group.follows.group if group.follows else group.code
    return followed in codes and codes.index(followed) < codes.index(group.code)


def _first_line_problems(place: str, lines: tuple[FirstLine, ...]) -> Iterator[str]:
    for before, after in pairwise(lines):
        if before.until is None or after.since is None:
            yield f"{place}.window.first: lines without an end or a start overlap"
        elif after.since > before.until + ONE_DAY:
            yield f"{place}.window.first: gap from {before.until} to {after.since}"
        elif after.since <= before.until:
            yield f"{place}.window.first: {after.since} is covered by two lines"
    if lines[0].since is not None or lines[-1].until is not None:
        yield f"{place}.window.first: the first line must be open before, the last one after"


def _series_problems(place: str, group: Group) -> Iterator[str]:
    for series in group.series:
        ids = [dose.id for dose in series.doses]
        if len(set(ids)) != len(ids):
            yield f"{place}.{series.id}: a dose id stands twice"
        for index, dose in enumerate(series.doses):
            yield from _dose_problems(f"{place}.{series.id}.{dose.id}", dose, first=index == 0)
    yield from _choice_problems(place, group)


def _dose_problems(place: str, dose: TargetDose, *, first: bool) -> Iterator[str]:
    if first and (dose.gap or dose.first_gap or dose.max_age):
        yield f"{place}: the first dose has nothing to keep a gap from and no last age of its own"
    if dose.gap_after_skip is not None and dose.gap is None:
        yield f"{place}: gap_after_skip without gap"
    if not first and dose.gap is None and dose.first_gap is None:
        yield f"{place}: no interval to the dose before"


def _choice_problems(place: str, group: Group) -> Iterator[str]:
    products = [series.product for series in group.series]
    starts = [series.start_until for series in group.series]
    if group.choose == "single" and len(group.series) != 1:
        yield f"{place}: choose single needs exactly one series"
    if group.choose in {"by_first_product", "by_own_product"}:
        missing = sorted(group.counts - {product for product in products if product})
        if missing or len(set(products)) != len(products):
            yield f"{place}: each product needs one series of its own ({', '.join(missing)})"
    elif any(products):
        yield f"{place}: a series names a product, but is not chosen by it"
    if group.choose == "by_start_age" and (starts[-1] is not None or None in starts[:-1]):
        yield f"{place}: every series but the last needs start_until"


def _laid_out_problems(schedule: Schedule, group: Group, born_on: date) -> Iterator[str]:
    place = f"groups.{group.code} (born {born_on})"
    plan = next(plan for plan in lay_out(schedule, born_on) if plan.group is group)
    if plan.first_on > plan.last_on:
        yield f"{place}: the window closes on {plan.last_on} before it opens on {plan.first_on}"
    starts = [series.start_until_on for series in plan.series if series.start_until_on]
    if starts != sorted(set(starts)):
        yield f"{place}: start_until must grow from series to series"
    for series in plan.series:
        if series.last_on > plan.last_on:
            yield f"{place}.{series.id}: ends on {series.last_on}, after the group"
        for target in series.targets:
            yield from _window_problems(f"{place}.{series.id}.{target.id}", target.row, born_on)


def _window_problems(place: str, dose: TargetDose, born_on: date) -> Iterator[str]:
    for standard in (dose.standard, dose.former):
        if standard is None or standard.to is None:
            continue
        if isinstance(standard.start, Moment) and isinstance(standard.to, Moment):
            closes_before_it_opens = standard.to.on(born_on) < standard.start.on(born_on)
        elif isinstance(standard.start, Moment) or isinstance(standard.to, Moment):
            continue
        else:
            closes_before_it_opens = standard.to.gap.after(born_on) < standard.start.gap.after(
                born_on
            )
        if closes_before_it_opens:
            yield f"{place}: the standard window closes before it opens"


def _cross_problems(schedule: Schedule) -> Iterator[str]:
    rules = schedule.cross_rules
    for index, rule in enumerate(rules):
        for other in rules[index + 1 :]:
            if _overlap(rule, other) and rule.earlier & other.earlier and rule.later & other.later:
                since = _later_start(rule, other)
                yield f"between_vaccines: two rules hold for one pair from {since}"
    yield from _uncovered_days(rules)


def _overlap(one: CrossRule, other: CrossRule) -> bool:
    return (one.since or date.min) <= (other.until or date.max) and (other.since or date.min) <= (
        one.until or date.max
    )


def _later_start(one: CrossRule, other: CrossRule) -> date:
    return max(one.since or date.min, other.since or date.min)


def _uncovered_days(rules: Iterable[CrossRule]) -> Iterator[str]:
    reached: date | None = date.min
    for since, until in sorted((rule.since or date.min, rule.until or date.max) for rule in rules):
        if reached is None:
            return
        if since > reached:
            yield f"between_vaccines: no rule from {reached} to {since - ONE_DAY}"
        reached = None if until == date.max else max(reached, until + ONE_DAY)
    if reached is not None:
        yield f"between_vaccines: no rule from {reached}"
