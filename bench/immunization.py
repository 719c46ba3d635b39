"""How fast the vaccination engine answers.

``python -m bench.immunization [--children N] [--json]``. Children are born over thirteen years and
vaccinated by the schedule with random delays, omissions and products of their time. Rates are of
one core, in processor time, so that a busy machine does not count. All children are run once from
cold; the rates are those of the first 5,000 again, once the days of birth have been laid out.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from datetime import date, timedelta
from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple

from app.immunization.forecast import evaluate_child, forecast_child
from app.immunization.projection import sample_timeline
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule
from bench.batch_entry import batch_entry_s
from bench.nightly import nightly
from bench.portal import parent_page_p95_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.immunization.rules import Schedule, Sex

AS_OF = date(2026, 11, 22)
FIRST_BIRTH = date(2014, 1, 1)
CHILDREN = 100_000
INTERACTIVE = 300
WARM = 5_000
OMITTED = 0.06
SEED = 20261122


class Child(NamedTuple):
    born_on: date
    sex: Sex
    given: tuple[GivenDose, ...]


def children(schedule: Schedule, count: int) -> list[Child]:
    """Children with realistic histories up to the asked day; the same for each run."""
    chance = random.Random(SEED)  # noqa: S311 - sample data
    template = [
        (dose.product, dose.age_days)
        for doses in sample_timeline(schedule, born_on=date(2026, 4, 1)).values()
        for dose in doses
        if dose.product is not None
    ]
    days = (AS_OF - FIRST_BIRTH).days
    return [
        _child(chance, template, FIRST_BIRTH + timedelta(chance.randrange(days)))
        for _ in range(count)
    ]


def _child(chance: random.Random, template: list[tuple[str, int]], born_on: date) -> Child:
    sex: Sex = "F" if chance.random() < 0.5 else "M"  # noqa: PLR2004 - an even chance
    given = []
    delays: dict[str, int] = {}
    for product, age in template:
        delays[product] = delays.get(product, 0) + int(chance.expovariate(1 / 12))
        on = born_on + timedelta(age + delays[product])
        if on <= AS_OF and chance.random() >= OMITTED:
            given.append(GivenDose(_of_its_time(product, on), on))
    return Child(born_on, sex, tuple(given))


def _of_its_time(product: str, on: date) -> str:
    if product == "DPT_IPV_HIB" and on < date(2024, 4, 1):
        return "DPT_IPV"
    if product == "PCV20" and on < date(2024, 10, 1):
        return "PCV13"
    return product


def rate(
    schedule: Schedule, sample: Sequence[Child], *, with_last_start: bool
) -> tuple[float, float]:
    """Children a second of processor time, and seconds by the wall clock for all of them."""
    started, wall = time.process_time(), time.perf_counter()
    for child in sample:
        forecast_child(
            schedule,
            born_on=child.born_on,
            sex=child.sex,
            given=child.given,
            as_of=AS_OF,
            with_last_start=with_last_start,
        )
    return len(sample) / (time.process_time() - started), time.perf_counter() - wall


def interactive_ms(schedule: Schedule, sample: Sequence[Child]) -> list[float]:
    """Milliseconds of processor time for one child with all reasons in words."""
    figures = []
    for child in sample:
        started = time.process_time()
        evaluate_child(
            schedule, born_on=child.born_on, sex=child.sex, given=child.given, as_of=AS_OF
        )
        figures.append((time.process_time() - started) * 1000)
    return figures


def measure(count: int) -> dict[str, float]:
    schedule = load_schedule()
    sample = children(schedule, count)
    cold, wall = rate(schedule, sample, with_last_start=True)
    warm = sample[:WARM]
    plain, _ = rate(schedule, warm, with_last_start=False)
    plain, _ = rate(schedule, warm, with_last_start=False)
    full, _ = rate(schedule, warm, with_last_start=True)
    percentiles = quantiles(interactive_ms(schedule, sample[:INTERACTIVE]), n=20)
    return {
        "children": count,
        "doses_per_child": round(sum(len(child.given) for child in sample) / count, 1),
        "evaluations_per_s_core": round(plain),
        "evaluations_with_last_start_per_s_core": round(full),
        "all_children_cpu_s": round(count / cold, 1),
        "all_children_wall_s": round(wall, 1),
        "with_reasons_p50_ms": round(percentiles[9], 2),
        "with_reasons_p95_ms": round(percentiles[18], 2),
        **nightly(count),
        "batch_entry_500_s": round(batch_entry_s(), 2),
        "parent_page_p95_ms": parent_page_p95_ms(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.immunization")
    parser.add_argument("--children", type=int, default=CHILDREN)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    chosen = parser.parse_args()
    figures = measure(chosen.children)
    for name, value in figures.items():
        sys.stdout.write(f"{name:40} {value:>12,}\n")
    if chosen.json:
        sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
