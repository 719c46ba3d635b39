"""How far a series has come: its open dose, what that waits for, what taking a dose changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from app.immunization.plan import GroupPlan, SeriesPlan, ShortPlan, TargetPlan


class Progress:
    """Where one vaccine of a child stands while its doses are taken in the order of their days."""

    __slots__ = (
        "count",
        "finished",
        "first_on",
        "first_product",
        "index",
        "plan",
        "previous_on",
        "previous_product",
        "products",
        "series",
        "skipped",
    )

    def __init__(self, plan: GroupPlan) -> None:
        self.plan = plan
        self.series: SeriesPlan | None = plan.series[0] if plan.group.choose == "single" else None
        self.index = 0
        self.count = 0
        self.skipped = False
        self.finished = False
        self.first_on: date | None = None
        self.previous_on: date | None = None
        self.first_product: str | None = None
        self.previous_product: str | None = None
        self.products: tuple[str, ...] = ()

    def copy(self) -> Progress:
        """An independent twin, for trying out doses that were not given."""
        twin = Progress.__new__(Progress)
        twin.plan = self.plan
        twin.series = self.series
        twin.index = self.index
        twin.count = self.count
        twin.skipped = self.skipped
        twin.finished = self.finished
        twin.first_on = self.first_on
        twin.previous_on = self.previous_on
        twin.first_product = self.first_product
        twin.previous_product = self.previous_product
        twin.products = self.products
        return twin

    def open_target(self, product: str, on: date) -> TargetPlan | None:
        """The dose of the series that ``product`` on this day would be; None once it is complete.

        Chooses the series at its first dose, and lets primary doses past their last age fall away.
        """
        if self.finished:
            return None
        series = self.series
        if series is None or self.plan.follows_product:
            series = self._choose_series(product, on)
        for target in series.targets[self.index :]:
            if not target.may_fall_away or not self._falls_away(target, on):
                return target
            self.skip()
        self.finished = True
        return None

    def planned_target(self, product: str, on: date) -> TargetPlan | None:
        """Like ``open_target`` for a planned dose: an early start opens the short course."""
        target = self.open_target(product, on)
        short = self.plan.short
        if (
            target is not None
            and short is not None
            and self.count == 1
            and product == short.product
            and self._started_short()
        ):
            return short.target
        return target

    def skip(self) -> None:
        """Leave the open dose out of the series."""
        self.index += 1
        self.skipped = True

    def waits_until(self, target: TargetPlan) -> date:
        """First day that intervals within the vaccine and the dose's own age allow."""
        row = target.row
        day = target.first_on
        if target.min_age_on is not None and target.min_age_on > day:
            day = target.min_age_on
        if self.previous_on is None or self.first_on is None:
            return day
        gap = row.gap
        if self.skipped and row.gap_after_skip is not None:
            gap = row.gap_after_skip
        if gap is not None and (after := gap.after(self.previous_on)) > day:
            day = after
        if row.first_gap is not None and (after := row.first_gap.after(self.first_on)) > day:
            day = after
        return day

    def take(self, product: str, on: date) -> None:
        """Count a dose against the open target."""
        self.index += 1
        self.count += 1
        if self.first_on is None:
            self.first_on, self.first_product = on, product
        if self.plan.short is not None and self._ends_short_course(self.plan.short, product, on):
            self.finished = True
        self.previous_on, self.previous_product = on, product
        if product not in self.products:
            self.products = (*self.products, product)
        if self.series is not None and self.index >= len(self.series.targets):
            self.finished = True

    def _choose_series(self, product: str, on: date) -> SeriesPlan:
        """By product where each has a series of its own, otherwise by the age at the start."""
        if self.plan.by_product:
            series = self.plan.by_product[product]
        else:
            series = self._series_started_on(on)
        self.series = series
        return series

    def _series_started_on(self, on: date) -> SeriesPlan:
        for series in self.plan.series:
            if series.start_until_on is not None and on <= series.start_until_on:
                return series
        return self.plan.series[-1]

    def _falls_away(self, target: TargetPlan, on: date) -> bool:
        if target.max_age_on is not None and on > target.max_age_on:
            return True
        limit = target.not_if_previous_after_on
        return limit is not None and self.previous_on is not None and self.previous_on > limit

    def _started_short(self) -> bool:
        short = self.plan.short
        return (
            short is not None
            and self.first_product == short.product
            and self.first_on is not None
            and self.first_on <= short.first_until_on
        )

    def _ends_short_course(self, short: ShortPlan, product: str, on: date) -> bool:
        if self.count != 2 or product != short.product:  # noqa: PLR2004 - the second dose
            return False
        gap = short.target.row.gap
        return (
            self._started_short()
            and gap is not None
            and self.first_on is not None
            and on >= gap.after(self.first_on)
        )
