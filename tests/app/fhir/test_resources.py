"""What our verdicts, statuses and days are called in FHIR."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from app.core.errors import Misconfigured
from app.fhir.evaluation import Events, evaluations
from app.fhir.recommendation import recommendation
from app.fhir.terminology import FOLDER, load_terminology
from app.immunization.forecast import evaluate_child
from app.immunization.results import GivenDose, GroupResult
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from pathlib import Path

SCHEDULE, TERMS = load_schedule(), load_terminology()
PATIENT = {"reference": "Patient/p1"}
AS_OF = date(2026, 11, 22)


def results(*given: tuple[str, str], born: str = "2026-04-01") -> dict[str, GroupResult]:
    return evaluate_child(
        SCHEDULE, born_on=date.fromisoformat(born), sex="F", given=doses(*given), as_of=AS_OF
    )


def doses(*given: tuple[str, str]) -> list[GivenDose]:
    return [GivenDose(product, date.fromisoformat(day)) for product, day in given]


def row(group: str, found: dict[str, GroupResult], *, to_parents: bool = False) -> dict[str, Any]:
    made = recommendation(
        SCHEDULE, TERMS, found, patient=PATIENT, as_of=AS_OF, to_parents=to_parents
    )
    [one] = [
        one for one in made["recommendation"] if one["vaccineCode"][0]["coding"][0]["code"] == group
    ]
    assert isinstance(one, dict)
    return one


def codes(concept: Any) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


@pytest.mark.parametrize(
    ("group", "born", "given", "status"),
    [
        ("ROTA", "2026-04-01", [("RV1", "2026-06-01"), ("RV1", "2026-06-29")], "complete"),
        ("ROTA", "2026-04-01", [("RV1", "2026-06-01"), ("RV1", "2026-06-20")], "conditional"),
        ("ROTA", "2026-01-01", [], "agedOut"),
        ("ROTA", "2019-01-01", [], "notRecommended"),
        ("BCG", "2026-04-01", [], "notComplete"),
        ("MR1", "2026-04-01", [], "notComplete"),
    ],
)
def test_a_status_is_called_as_immds_calls_it(
    group: str, born: str, given: list[tuple[str, str]], status: str
) -> None:
    found = row(group, results(*given, born=born))
    assert codes(found["forecastStatus"]) == [status]
    assert found["forecastReason"][0]["coding"][0]["code"]


def test_days_are_named_and_overdue_begins_the_day_after_the_recommended_time() -> None:
    days = {codes(one["code"])[0]: one["value"] for one in row("BCG", results())["dateCriterion"]}
    assert days == {
        "30981-5": "2026-04-01",
        "30980-7": "2026-08-31",
        "59778-1": "2026-12-01",
        "59777-3": "2027-03-31",
        "last-start-to-complete": "2027-03-31",
    }


def test_a_day_that_is_not_confirmed_is_not_sent_and_the_row_says_why() -> None:
    found = row("DPT_IPV", results(("DPT_IPV_HIB", "2026-11-01")))
    assert "59778-1" not in [codes(one["code"])[0] for one in found["dateCriterion"]]
    assert "unconfirmed-basis" in [codes(one)[0] for one in found["forecastReason"]]


def test_what_rests_on_an_unconfirmed_row_never_goes_to_parents() -> None:
    found = {code: result._replace(publishable=code != "BCG") for code, result in results().items()}
    assert row("BCG", found)["forecastReason"][1]["coding"][0]["code"] == "unconfirmed-basis"
    with pytest.raises(ValueError, match="not enough values"):
        row("BCG", found, to_parents=True)


def test_only_counted_doses_have_a_number_and_equal_doses_stay_apart() -> None:
    given = [("HEPB", "2026-06-01"), ("HEPB", "2026-06-29"), ("HEPB", "2026-10-20")]
    extra = [*given, ("HEPB", "2026-11-01"), ("HEPB", "2026-11-01")]
    events = Events(
        (dose, {"reference": f"Immunization/{number}"}) for number, dose in enumerate(doses(*extra))
    )
    made = evaluations(
        SCHEDULE, TERMS, results(*extra), patient=PATIENT, events=events, as_of=AS_OF
    )
    assert [one["immunizationEvent"]["reference"][-1] for one in made] == list("01234")
    assert [one.get("doseNumberPositiveInt") for one in made] == [1, 2, 3, None, None]
    assert [codes(one["doseStatus"])[0] for one in made] == ["valid"] * 3 + ["notvalid"] * 2
    assert codes(made[4]["doseStatusReason"][0]) == ["surplus"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", confirmed: true", ", confirmed: maybe", "profiles.patient.confirmed"),
        ('"119", confirmed: false', '"116", confirmed: true', None),
        ("systems:", "systms:", "systms"),
        ("profiles:", "profiles: [", "cannot be read"),
    ],
)
def test_a_broken_terminology_is_named(
    tmp_path: Path, old: str, new: str, said: str | None
) -> None:
    text = (FOLDER / "terminology.yaml").read_text(encoding="utf-8").replace(old, new, 1)
    (tmp_path / "terminology.yaml").write_text(text, encoding="utf-8")
    if said is None:
        assert load_terminology(tmp_path).product_named == {
            ("http://hl7.org/fhir/sid/cvx", "116"): "RV1"
        }
        return
    with pytest.raises(Misconfigured, match=said):
        load_terminology(tmp_path)


def test_one_code_for_two_products_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "terminology.yaml").read_text(encoding="utf-8")
    text = text.replace('"116", confirmed: false', '"119", confirmed: true')
    text = text.replace('"119", confirmed: false', '"119", confirmed: true')
    (tmp_path / "terminology.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match="RV1 and RV5 one code"):
        load_terminology(tmp_path)
