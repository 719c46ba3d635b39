"""The short way through the engine says of possible vaccines what the long way says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.immunization.errors import UnknownProduct
from app.immunization.forecast import forecast_child
from app.immunization.possible import POSSIBLE, forecast_possible
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule

SCHEDULE = load_schedule()
PRODUCTS = sorted(SCHEDULE.products)
EDGES = tuple(
    {plan_day for group in SCHEDULE.groups.values() if (plan_day := group.program_from)}
    | {group.born_from for group in SCHEDULE.groups.values() if group.born_from}
)
BIRTHS = st.one_of(st.dates(date(2005, 4, 1), date(2026, 10, 31)), st.sampled_from(EDGES))
AGES = st.one_of(st.integers(0, 800), st.integers(0, 6200))
HISTORIES = st.lists(st.tuples(st.sampled_from(PRODUCTS), AGES), max_size=14)
Sex = Literal["F", "M"]


@given(BIRTHS, st.sampled_from(["F", "M"]), HISTORIES, AGES)
@settings(max_examples=300, deadline=None)
def test_it_is_the_forecast_of_what_is_possible(
    born_on: date, sex: Sex, history: list[tuple[str, int]], age: int
) -> None:
    doses = [GivenDose(product, born_on + timedelta(days)) for product, days in history]
    as_of = born_on + timedelta(days=age)
    every = forecast_child(SCHEDULE, born_on=born_on, sex=sex, given=doses, as_of=as_of)
    assert forecast_possible(SCHEDULE, born_on=born_on, sex=sex, given=doses, as_of=as_of) == {
        code: result
        for code, result in every.items()
        if result.status in POSSIBLE and result.follows is None
    }


def test_a_product_nobody_knows_is_refused_though_nothing_is_possible() -> None:
    with pytest.raises(UnknownProduct):
        forecast_possible(
            SCHEDULE,
            born_on=date(2000, 1, 1),
            sex="F",
            given=[GivenDose("NOTHING", date(2001, 1, 1))],
            as_of=date(2026, 11, 22),
        )
