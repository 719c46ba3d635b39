"""A parent's list: the nearest deadline first, nothing unconfirmed, one line for one shot."""

from __future__ import annotations

from datetime import date

from app.immunization.agenda import AgendaItem, next_for_parent
from app.immunization.forecast import forecast_child
from app.immunization.results import GivenDose, Status
from app.immunization.schedule import load_schedule


def agenda(born_on: date, as_of: date, *given: GivenDose) -> tuple[AgendaItem, ...]:
    results = forecast_child(load_schedule(), born_on=born_on, sex="F", given=given, as_of=as_of)
    return next_for_parent(results, as_of=as_of)


def test_the_nearest_deadline_comes_first() -> None:
    items = agenda(date(2010, 6, 1), date(2026, 11, 22))
    first = items[0]
    assert (first.group, first.act_by, first.days_left) == ("HPV", date(2026, 11, 30), 8)
    assert first.urgent
    assert first.is_now


def test_what_is_due_now_stands_before_what_comes() -> None:
    items = agenda(date(2026, 9, 23), date(2026, 11, 22))
    now = [item.is_now for item in items]
    assert now == sorted(now, reverse=True)
    later = [item.result.earliest for item in items if item.result.status is Status.NOT_YET]
    assert later == sorted(day for day in later if day is not None)


def test_one_shot_is_one_line() -> None:
    items = agenda(date(2026, 9, 23), date(2026, 11, 22))
    assert [item.covers for item in items if item.group == "DPT_IPV"] == [("HIB",)]
    assert "HIB" not in [item.group for item in items]


def test_the_end_of_the_recommended_time_is_the_day_to_keep_in_mind() -> None:
    rota = next(
        item for item in agenda(date(2026, 9, 23), date(2026, 11, 22)) if item.group == "ROTA"
    )
    assert rota.act_by == rota.standard_to == date(2027, 1, 5)
    assert not rota.urgent


def test_an_unconfirmed_end_is_not_shown() -> None:
    given = GivenDose("DPT_IPV_HIB", date(2026, 7, 9))
    items = agenda(date(2026, 5, 10), date(2026, 7, 30), given)
    dpt = next(item for item in items if item.group == "DPT_IPV")
    assert dpt.standard_to is None
    assert dpt.act_by == dpt.result.last_start_to_complete


def test_finished_closed_and_unconfirmed_vaccines_are_left_out() -> None:
    as_of = date(2026, 11, 22)
    results = forecast_child(
        load_schedule(), born_on=date(2020, 5, 1), sex="F", given=[], as_of=as_of
    )
    assert results["BCG"].status is Status.EXPIRED
    assert {"BCG", "PCV"}.isdisjoint(item.group for item in next_for_parent(results, as_of=as_of))
    hidden = {code: result._replace(publishable=False) for code, result in results.items()}
    assert next_for_parent(hidden, as_of=as_of) == ()
