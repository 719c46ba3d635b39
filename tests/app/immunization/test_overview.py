"""Words only for what is asked: the same results, the same reasons."""

from __future__ import annotations

from datetime import date

from app.immunization.forecast import evaluate_child
from app.immunization.overview import look_over
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule

BORN, AS_OF = date(2026, 4, 1), date(2026, 11, 22)
GIVEN = (GivenDose("HEPB", date(2026, 6, 10)), GivenDose("DPT_IPV_HIB", date(2026, 6, 10)))


def test_each_vaccine_explained_says_what_the_whole_evaluation_says() -> None:
    over = look_over(load_schedule(), born_on=BORN, sex="F", given=GIVEN, as_of=AS_OF)
    whole = evaluate_child(load_schedule(), born_on=BORN, sex="F", given=GIVEN, as_of=AS_OF)
    for code, result in whole.items():
        assert over.explained(code) == result
        assert over.results[code].reasons == ()
        assert over.results[code].status is result.status
