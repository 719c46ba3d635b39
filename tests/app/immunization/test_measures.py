"""Special measures stand beside the forecast and change nothing in it; the vaccine in pregnancy."""

from __future__ import annotations

from datetime import date

import pytest

from app.immunization.forecast import forecast_child
from app.immunization.maternal import evaluate_pregnancy
from app.immunization.measures import Help, measures_for
from app.immunization.results import GivenDose, Status
from app.immunization.schedule import load_schedule

SHORTAGE = "measure.MR_FY2024"


def helps(born_on: date, as_of: date, *given: GivenDose) -> list[Help]:
    schedule = load_schedule()
    results = forecast_child(schedule, born_on=born_on, sex="F", given=given, as_of=as_of)
    return list(measures_for(schedule, born_on=born_on, given=given, results=results, as_of=as_of))


def found(helps: list[Help], code: str) -> list[tuple[str, date | None]]:
    return [(item.group, item.until) for item in helps if item.reason.code == code]


@pytest.mark.parametrize(
    ("born_on", "as_of", "applies"),
    [
        (date(2018, 4, 2), date(2026, 11, 22), True),
        (date(2019, 4, 1), date(2027, 3, 31), True),
        (date(2019, 4, 1), date(2027, 4, 1), False),
        (date(2018, 4, 1), date(2026, 11, 22), False),
        (date(2019, 4, 2), date(2026, 11, 22), False),
    ],
)
def test_the_mr_shortage_helps_its_cohort_until_march_2027(
    born_on: date, as_of: date, *, applies: bool
) -> None:
    answer = found(helps(born_on, as_of), SHORTAGE)
    assert (("MR2", date(2027, 3, 31)) in answer) is applies


def test_a_vaccine_that_is_still_open_needs_no_help() -> None:
    assert found(helps(date(2023, 1, 10), date(2024, 12, 1)), SHORTAGE) == []


def test_a_municipality_may_widen_the_births() -> None:
    schedule, born_on, as_of = load_schedule(), date(2018, 4, 1), date(2026, 11, 22)
    results = forecast_child(schedule, born_on=born_on, sex="F", given=[], as_of=as_of)
    own = {"MR_FY2024": {"MR2": (date(2018, 3, 1), date(2019, 4, 1))}}
    answer = measures_for(
        schedule, born_on=born_on, given=[], results=results, as_of=as_of, cohorts=own
    )
    assert found(list(answer), SHORTAGE) == [("MR2", date(2027, 3, 31))]


def test_catch_up_hpv_needs_a_dose_in_its_years_and_has_ended() -> None:
    given = GivenDose("HPV9", date(2024, 5, 1))
    born_on = date(2008, 6, 1)
    assert found(helps(born_on, date(2026, 3, 31), given), "measure.HPV_CATCHUP")
    assert found(helps(born_on, date(2026, 3, 31)), "measure.HPV_CATCHUP") == []
    assert found(helps(born_on, date(2026, 4, 1), given), "measure.HPV_CATCHUP") == []


def test_a_long_illness_never_helps_rota_and_ends_at_the_upper_age() -> None:
    groups = [group for group, _ in found(helps(date(2022, 6, 1), date(2026, 11, 22)), ILLNESS)]
    assert "BCG" not in groups
    groups = [group for group, _ in found(helps(date(2023, 6, 1), date(2026, 11, 22)), ILLNESS)]
    assert "BCG" in groups
    assert "ROTA" not in groups


ILLNESS = "measure.LONG_ILLNESS"


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        (date(2026, 9, 26), Status.NOT_YET),
        (date(2026, 9, 27), Status.DUE),
        (date(2026, 11, 28), Status.DUE),
        (date(2026, 11, 29), Status.EXPIRED),
    ],
)
def test_the_vaccine_in_pregnancy_is_open_from_28_to_36_weeks(as_of: date, status: Status) -> None:
    answer = evaluate_pregnancy(
        load_schedule(), due_on=date(2026, 12, 20), given_on=None, as_of=as_of
    )
    assert answer.status is status
    assert (answer.earliest, answer.latest) == (date(2026, 9, 27), date(2026, 11, 28))
    assert answer.advised_by == date(2026, 12, 6)
    assert not answer.publishable


def test_a_pregnancy_before_the_programme_and_a_dose_given() -> None:
    schedule = load_schedule()
    early = evaluate_pregnancy(
        schedule, due_on=date(2026, 4, 10), given_on=None, as_of=date(2026, 3, 1)
    )
    assert (early.status, early.earliest) == (Status.UNREACHABLE, None)
    due_on, as_of = date(2026, 12, 20), date(2026, 11, 1)
    done = evaluate_pregnancy(schedule, due_on=due_on, given_on=date(2026, 10, 1), as_of=as_of)
    assert done.status is Status.COMPLETE
    short = evaluate_pregnancy(schedule, due_on=due_on, given_on=date(2026, 9, 1), as_of=as_of)
    assert short.status is Status.NEEDS_REVIEW
