"""Looking ahead from a series as far as it has come: next dose, its days, the last start. Pure."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from app.immunization.completion import coming, last_start
from app.immunization.progress import Progress

if TYPE_CHECKING:
    from app.immunization.plan import Edge, GroupPlan, TargetPlan

OUTLOOKS_KEPT = 131_072


class Window(NamedTuple):
    """A standard window and whether its last day rests on a confirmed row."""

    start: date
    to: date
    to_publishable: bool


class Outlook(NamedTuple):
    """The next dose and its days. ``earliest`` after ``latest``: it cannot fit any more."""

    target: TargetPlan
    earliest: date
    latest: date
    window: Window | None
    last_start: date | None
    series: str | None
    publishable: bool


def look_ahead(
    taken: Progress, product: str, as_of: date, floor: date, *, with_last_start: bool
) -> Outlook | None:
    """The outlook of a series from a day on; None once it is complete."""
    former = _former_applies(taken, as_of)
    return _outlook(taken, product, as_of, floor, former=former, with_last_start=with_last_start)


def look_ahead_unstarted(
    plan: GroupPlan, product: str, as_of: date, floor: date, *, with_last_start: bool
) -> Outlook:
    """The outlook of a vaccine of which nothing was given; remembered, since it changes rarely."""
    former = plan.group.former_standard
    return _unstarted(
        plan,
        product,
        _last_day_of_choice(plan, as_of),
        floor,
        former=former is not None and as_of < former.unstarted_before,
        with_last_start=with_last_start,
    )


def _last_day_of_choice(plan: GroupPlan, as_of: date) -> date:
    """The last day on which a start chooses the same series as on ``as_of``."""
    for series in plan.series:
        if series.start_until_on is not None and as_of <= series.start_until_on:
            return series.start_until_on
    return date.max


@lru_cache(maxsize=OUTLOOKS_KEPT)
def _unstarted(
    plan: GroupPlan,
    product: str,
    on: date,
    floor: date,
    *,
    former: bool,
    with_last_start: bool,
) -> Outlook:
    outlook = _outlook(
        Progress(plan), product, on, floor, former=former, with_last_start=with_last_start
    )
    if outlook is None:
        raise AssertionError(f"{plan.group.code} has no first dose")
    return outlook


def _outlook(
    taken: Progress,
    product: str,
    as_of: date,
    floor: date,
    *,
    former: bool,
    with_last_start: bool,
) -> Outlook | None:
    ahead = taken.copy()
    step = coming(ahead, product, as_of, floor)
    if step is None:
        return None
    target, earliest = step
    latest = target.latest_on
    fits = earliest <= latest
    start = ahead if taken.count else taken
    return Outlook(
        target,
        earliest,
        latest,
        _standard(ahead, target, earliest, former=former) if fits else None,
        last_start(start, product, earliest=earliest, latest=latest, floor=floor)
        if fits and with_last_start
        else None,
        None if ahead.series is None else ahead.series.id,
        target.row.basis.publishable and taken.plan.group.window.basis.publishable,
    )


def _standard(
    progress: Progress, target: TargetPlan, earliest: date, *, former: bool
) -> Window | None:
    """The recommended days, cut to those that are possible; None when none is left."""
    group = progress.plan.group
    latest = target.latest_on
    first_series = progress.series is progress.plan.series[0]
    if progress.count == 0 and group.choose == "by_start_age" and not first_series:
        return None
    row = target.former if former and target.former else target.standard
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
