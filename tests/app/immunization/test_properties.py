"""What must hold for every child, found by random births, doses and days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from app.immunization import dates
from app.immunization.completion import coming, last_start
from app.immunization.evaluation import walk
from app.immunization.forecast import forecast_child, planned_product
from app.immunization.plan import lay_out
from app.immunization.results import GivenDose, GroupResult, Status, Verdict
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from random import Random

    from app.immunization.progress import Progress

SCHEDULE = load_schedule()
PRODUCTS = sorted(SCHEDULE.products)
ONE_DAY = timedelta(days=1)
MONTH_ENDS = st.sampled_from(
    [
        date(y, m, d)
        for y in (2019, 2020, 2023, 2024)
        for m, d in ((1, 31), (2, 28), (8, 31), (11, 30))
    ]
    + [date(2020, 2, 29), date(2024, 2, 29), date(2020, 4, 1), date(2020, 4, 2)]
)
BIRTHS = st.one_of(st.dates(date(2014, 1, 1), date(2026, 10, 31)), MONTH_ENDS)
SEXES = st.sampled_from(["F", "M"])
RULES_BETWEEN_VACCINES_SETTLED = date(2020, 10, 1)
ONWARD = {
    Status.NOT_YET: 0,
    Status.ELIGIBLE_EARLY: 1,
    Status.DUE: 2,
    Status.CONSULT_LATE_START: 3,
    Status.OVERDUE: 3,
    Status.UNREACHABLE: 3,
    Status.EXPIRED: 4,
}
AGES = st.one_of(st.integers(0, 800), st.integers(0, 6200))
HISTORIES = st.lists(st.tuples(st.sampled_from(PRODUCTS), AGES), max_size=14)
Sex = Literal["F", "M"]


def _doses(born_on: date, history: list[tuple[str, int]]) -> list[GivenDose]:
    return [GivenDose(product, born_on + timedelta(days=age)) for product, age in history]


def _ask(born_on: date, sex: Sex, doses: list[GivenDose], as_of: date) -> dict[str, GroupResult]:
    return forecast_child(SCHEDULE, born_on=born_on, sex=sex, given=doses, as_of=as_of)


@given(BIRTHS, SEXES, HISTORIES, AGES, st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_record_is_irrelevant(
    born_on: date, sex: Sex, history: list[tuple[str, int]], age: int, random: Random
) -> None:
    doses = _doses(born_on, history)
    as_of = born_on + timedelta(days=age)
    shuffled = list(doses)
    random.shuffle(shuffled)
    assert _ask(born_on, sex, doses, as_of) == _ask(born_on, sex, shuffled, as_of)


@given(BIRTHS, SEXES, HISTORIES, AGES, st.integers(0, 900))
@settings(max_examples=150, deadline=None)
def test_a_later_question_never_moves_a_verdict(
    born_on: date, sex: Sex, history: list[tuple[str, int]], age: int, later: int
) -> None:
    doses = _doses(born_on, history)
    first = born_on + timedelta(days=age)
    before = _ask(born_on, sex, doses, first)
    after = _ask(born_on, sex, doses, first + timedelta(days=later))
    for code in before:
        if SCHEDULE.groups[code].follows is None:
            assert after[code].doses[: len(before[code].doses)] == before[code].doses


@given(BIRTHS, SEXES, HISTORIES, AGES, st.integers(1, 900))
@settings(max_examples=100, deadline=None)
def test_while_the_next_dose_stays_the_same_its_days_stay_and_its_status_only_goes_on(
    born_on: date, sex: Sex, history: list[tuple[str, int]], age: int, later: int
) -> None:
    first = max(born_on + timedelta(days=age), RULES_BETWEEN_VACCINES_SETTLED)
    doses = [dose for dose in _doses(born_on, history) if dose.date <= first]
    before = _ask(born_on, sex, doses, first)
    after = _ask(born_on, sex, doses, first + timedelta(days=later))
    for code, was in before.items():
        now = after[code]
        if was.next_dose is None or SCHEDULE.groups[code].follows is not None:
            continue
        if _plan(was) == _plan(now):
            assert (was.earliest, was.latest) == (now.earliest, now.latest)
            assert was.last_start_to_complete == now.last_start_to_complete
            assert ONWARD[was.status] <= ONWARD[now.status]


def _plan(result: GroupResult) -> tuple[object, ...]:
    return result.next_dose, result.next_dose_number, result.series, result.planned_product


@given(BIRTHS, SEXES, HISTORIES)
@settings(max_examples=100, deadline=None)
def test_valid_doses_of_the_last_day_given_a_day_later_are_never_too_early(
    born_on: date, sex: Sex, history: list[tuple[str, int]]
) -> None:
    doses = _doses(born_on, history)
    if not doses:
        return
    last = max(dose.date for dose in doses)
    moved = [dose._replace(date=last + ONE_DAY) if dose.date == last else dose for dose in doses]
    before = _ask(born_on, sex, doses, last)
    after = _ask(born_on, sex, moved, last + ONE_DAY)
    early = {Verdict.TOO_EARLY_AGE, Verdict.INTERVAL_SHORT, Verdict.CROSS_INTERVAL_SHORT}
    for code, result in before.items():
        for was, now in zip(result.doses, after[code].doses, strict=False):
            if was.date == last and was.verdict is Verdict.VALID and was.target == now.target:
                assert now.verdict not in early


@given(BIRTHS, SEXES, HISTORIES, AGES)
@settings(max_examples=100, deadline=None)
def test_days_and_status_agree(
    born_on: date, sex: Sex, history: list[tuple[str, int]], age: int
) -> None:
    as_of = born_on + timedelta(days=age)
    for result in _ask(born_on, sex, _doses(born_on, history), as_of).values():
        _holds(result, as_of)


def _holds(result: GroupResult, as_of: date) -> None:
    silent = {Status.COMPLETE, Status.NEEDS_REVIEW, Status.NOT_APPLICABLE}
    assert (result.next_dose is None) == (result.status in silent)
    assert (result.latest is None) == (result.status in silent)
    if result.latest is None:
        assert result.earliest is result.last_start_to_complete is None
        return
    assert result.next_dose_number == 1 + sum(dose.counts for dose in result.doses)
    assert (result.status is Status.EXPIRED) == (as_of > result.latest)
    if result.earliest is None:
        assert result.status in {Status.EXPIRED, Status.UNREACHABLE}
        assert result.standard_from is result.last_start_to_complete is None
        return
    assert result.earliest <= result.latest
    if result.standard_from is not None and result.standard_to is not None:
        assert result.earliest <= result.standard_from <= result.standard_to <= result.latest
    if result.last_start_to_complete is not None:
        assert result.earliest <= result.last_start_to_complete <= result.latest


@given(BIRTHS, HISTORIES, AGES)
@settings(max_examples=100, deadline=None)
def test_the_earliest_day_is_valid_and_the_eve_is_not(
    born_on: date, history: list[tuple[str, int]], age: int
) -> None:
    as_of = max(born_on + timedelta(days=age), date(2024, 10, 1))
    doses = [dose for dose in _doses(born_on, history) if dose.date <= as_of]
    for code, result in _ask(born_on, "F", doses, as_of).items():
        if result.status is not Status.NOT_YET or result.earliest is None or result.follows:
            continue
        product = result.planned_product or ""
        for on, is_valid in ((result.earliest, True), (result.earliest - ONE_DAY, False)):
            if not SCHEDULE.products[product].is_routine_on(on) or on <= as_of:
                continue
            then = _ask(born_on, "F", [*doses, GivenDose(product, on)], on)[code].doses
            if is_valid:
                assert then[-1].verdict is Verdict.VALID
            elif then and not _may_count_early(code):
                assert then[-1].verdict is not Verdict.VALID


def _may_count_early(code: str) -> bool:
    """A dose before the programme counts, and an early second HPV dose is valid by its own rule."""
    group = SCHEDULE.groups[code]
    return group.program_from is not None or group.short_course is not None


@given(BIRTHS, HISTORIES, st.integers(0, 3000))
@settings(max_examples=25, deadline=None)
def test_the_last_start_is_the_last_of_all_days_that_leave_room(
    born_on: date, history: list[tuple[str, int]], age: int
) -> None:
    as_of = born_on + timedelta(days=age)
    doses = sorted(
        (dose for dose in _doses(born_on, history) if dose.date <= as_of),
        key=lambda dose: (dose.date, dose.product),
    )
    for plan in lay_out(SCHEDULE, born_on):
        walked = walk(SCHEDULE, plan, doses)
        if walked.stopped or not plan.in_cohort:
            continue
        taken, ahead = walked.progress, walked.progress.copy()
        product = planned_product(SCHEDULE, taken, as_of)
        step = coming(ahead, product, as_of, plan.floor_on)
        if step is None or step.earliest > step.target.latest_on:
            continue
        start = ahead if taken.count else taken
        latest = step.target.latest_on
        found = last_start(
            start, product, earliest=step.earliest, latest=latest, floor=plan.floor_on
        )
        fits = [
            day
            for back in range((latest - step.earliest).days + 1)
            for day in [latest - timedelta(days=back)]
            if back < 400 and _fits(start, product, day, plan.floor_on)
        ]
        if fits:
            assert found == fits[0]
        elif found is not None:
            assert found < latest - timedelta(days=399)


def _fits(progress: Progress, product: str, day: date, floor: date) -> bool:
    """Try it: take the dose, then every further one on its own first day."""
    trial = progress.copy()
    trial.planned_target(product, day)
    trial.take(product, day)
    while (step := coming(trial, product, day, floor)) is not None:
        if step.earliest > step.target.latest_on:
            return False
        day = step.earliest
        trial.take(product, day)
    return True


@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.integers(1, 240))
def test_an_age_is_attained_before_the_interval_of_as_many_months_has_passed(
    day: date, months: int
) -> None:
    attained, passed = dates.age_attained(day, months), dates.after_months(day, months)
    assert passed - attained == ONE_DAY
    assert passed.day in {day.day, 1}


@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.integers(0, 120))
def test_intervals_in_months_never_run_backwards(day: date, months: int) -> None:
    assert dates.after_months(day, months) <= dates.after_months(day + ONE_DAY, months)
    assert dates.after_months(day, months) < dates.after_months(day, months + 1)
