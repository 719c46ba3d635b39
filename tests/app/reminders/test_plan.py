"""What is said today: stages, silence, objections, and nothing twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.immunization.results import GroupResult, Status
from app.immunization.standing import AT_EASE, Silence, Standing
from app.reminders.plan import (
    NOTHING_SAID,
    Said,
    Stage,
    notices,
)
from app.reminders.rules import load_rules

TODAY = date(2026, 11, 22)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def result(status: Status, **changes: object) -> GroupResult:
    """A BCG whose recommended time lies around today."""
    known: dict[str, object] = {
        "next_dose": "d1",
        "next_dose_number": 1,
        "earliest": day(-60),
        "standard_from": day(-10),
        "standard_to": day(80),
        "latest": day(200),
        "last_start_to_complete": day(200),
    }
    return GroupResult("BCG", status, **known | changes)  # type: ignore[arg-type]


def said_of(
    found: GroupResult, standing: Standing = AT_EASE, said: Said = NOTHING_SAID
) -> list[tuple[Stage, date]]:
    return [
        (notice.stage, notice.due_on)
        for notice in notices({"BCG": found}, standing, said, as_of=TODAY)
    ]


def test_the_recommended_time_is_said_with_its_last_day() -> None:
    assert said_of(result(Status.DUE)) == [(Stage.DUE, day(80))]


def test_a_missed_time_is_said_with_the_last_possible_day() -> None:
    late = result(Status.OVERDUE, standard_to=day(-1))
    assert said_of(late) == [(Stage.CATCH_UP, day(200))]


@pytest.mark.parametrize(("left", "stage"), [(31, Stage.CATCH_UP), (30, Stage.LAST_DAYS)])
def test_thirty_days_before_the_end_it_is_said_once_more(left: int, stage: Stage) -> None:
    late = result(
        Status.OVERDUE,
        standard_to=day(-1),
        latest=day(left),
        last_start_to_complete=day(left),
    )
    assert said_of(late) == [(stage, day(left))]


def test_the_last_day_to_finish_a_series_is_said_before_the_last_legal_day() -> None:
    late = result(Status.OVERDUE, standard_to=day(-1), last_start_to_complete=day(8))
    assert said_of(late) == [(Stage.LAST_START, day(8))]


def test_a_series_that_cannot_be_finished_is_reminded_of_by_its_last_legal_day() -> None:
    late = result(
        Status.OVERDUE, standard_to=day(-1), latest=day(20), last_start_to_complete=day(-3)
    )
    assert said_of(late) == [(Stage.LAST_DAYS, day(20))]


@pytest.mark.parametrize(
    "status",
    [
        Status.NOT_YET,
        Status.ELIGIBLE_EARLY,
        Status.CONSULT_LATE_START,
        Status.COMPLETE,
        Status.EXPIRED,
        Status.UNREACHABLE,
        Status.NEEDS_REVIEW,
        Status.NOT_APPLICABLE,
    ],
)
def test_nothing_is_said_where_there_is_nothing_to_recommend(status: Status) -> None:
    assert said_of(result(status)) == []


def test_an_unconfirmed_row_is_never_said() -> None:
    assert said_of(result(Status.DUE, publishable=False)) == []


@pytest.mark.parametrize(
    "standing",
    [Standing(quiet=True), Standing(moved_out=True), Standing(objections=frozenset({"BCG"}))],
)
def test_a_familys_situation_silences(standing: Standing) -> None:
    assert said_of(result(Status.DUE), standing) == []


def test_an_objection_to_another_vaccine_does_not_silence() -> None:
    assert said_of(result(Status.DUE), Standing(objections=frozenset({"MR1"}))) != []


def test_quiet_goes_before_moved_out() -> None:
    assert Standing(quiet=True, moved_out=True).silence is Silence.QUIET


def test_a_stage_that_the_rules_leave_out_is_not_said() -> None:
    found = {"BCG": result(Status.OVERDUE, standard_to=day(-1))}
    quiet = frozenset(Stage) - {Stage.CATCH_UP}
    assert notices(found, AT_EASE, NOTHING_SAID, as_of=TODAY)
    assert notices(found, AT_EASE, NOTHING_SAID, as_of=TODAY, stages=quiet) == ()


def test_the_same_stage_is_said_once() -> None:
    said = Said(keys=frozenset({("BCG", "d1", Stage.DUE)}))
    assert said_of(result(Status.DUE), said=said) == []


def test_a_dose_spoken_of_lately_waits_unless_its_last_day_is_near() -> None:
    said = Said(lately=frozenset({("BCG", "d1")}))
    assert said_of(result(Status.DUE), said=said) == []
    pressing = result(Status.DUE, latest=day(9), last_start_to_complete=day(9))
    assert said_of(pressing, said=said) == [(Stage.LAST_DAYS, day(9))]
    assert timedelta(days=7) < load_rules().spacing
