"""The gaps between different products, laid out by the days on which the rules change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from app.immunization.dates import ONE_DAY
from app.immunization.rules import CrossEra

if TYPE_CHECKING:
    from app.immunization.rules import CrossRule, GapsByEarlier, Product


def cross_eras(rules: tuple[CrossRule, ...], products: dict[str, Product]) -> tuple[CrossEra, ...]:
    """The rules between products by the days on which they change, latest first."""
    starts = {rule.since or date.min for rule in rules}
    starts |= {rule.until + ONE_DAY for rule in rules if rule.until is not None}
    eras = []
    for since in sorted(starts, reverse=True):
        in_force = [rule for rule in rules if rule.in_force_on(since)]
        gaps = {code: _gaps_of(later, in_force, products) for code, later in products.items()}
        eras.append(CrossEra(since, {code: found for code, found in gaps.items() if found}))
    return tuple(eras)


def _gaps_of(later: Product, rules: list[CrossRule], products: dict[str, Product]) -> GapsByEarlier:
    return {
        code: (rule.gap, rule)
        for rule in rules
        if later.kind in rule.later
        for code, earlier in products.items()
        if earlier.kind in rule.earlier and code != later.code
    }
