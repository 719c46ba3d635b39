"""A question in FHIR is read strictly: one wrong field, one named place, nothing guessed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.fhir.errors import BadParameters
from app.fhir.parameters import ForecastRequest, read_request
from app.fhir.terminology import load_terminology
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule
from tests.app.fhir.questions import PRODUCT, dose, question


def read(parameters: object) -> ForecastRequest:
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters).encode()
    return read_request(body, load_schedule(), load_terminology())


def refusal(parameters: object) -> list[tuple[str, str | None]]:
    with pytest.raises(BadParameters) as refused:
        read(parameters)
    return [(issue.code, issue.expression) for issue in refused.value.issues]


def test_a_question_is_read_as_the_engine_needs_it() -> None:
    asked = read(question(dose("RV1", "2026-06-01"), gender="male", id=None))
    assert (asked.born_on, asked.sex, asked.as_of) == (
        date(2026, 4, 1), "M", date(2026, 11, 22)
    )  # fmt: skip
    assert asked.given == (
        (GivenDose("RV1", date(2026, 6, 1)), {"reference": "Immunization/RV1-2026-06-01"}),
    )
    assert asked.patient == {"type": "Patient", "display": "patient"}


def test_an_instant_becomes_the_japanese_day() -> None:
    late = read(question(dose("RV1", "2026-06-01T15:30:00Z")))
    assert late.given[0][0].date == date(2026, 6, 2)
    early = read(question(dose("RV1", "2026-06-01T23:59:59.5+09:00")))
    assert early.given[0][0].date == date(2026, 6, 1)


def test_what_was_not_given_is_left_out() -> None:
    asked = question(
        dose("RV1", "2026-06-01", status="not-done"),
        dose("RV1", "2026-06-01", status="entered-in-error", vaccineCode=None),
    )
    assert read(asked).given == ()


def test_an_immunization_without_an_id_is_named_by_its_place() -> None:
    [(_, reference)] = read(question(dose("RV1", "2026-06-01", id=None))).given
    assert reference == {"type": "Immunization", "display": "Parameters.parameter[2].resource"}


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"nonsense", b"[]", b"null", b"NaN", b"[" * 100_000, b"1" * 5000,
     b'{"resourceType": "Parameters", "parameter": NaN}', b'{"resourceType": "Patient"}'],
)  # fmt: skip
def test_what_is_no_parameters_resource_is_refused(body: bytes) -> None:
    assert refusal(body) == [("structure", None)]


@pytest.mark.parametrize("parameter", [None, {}, "x"])
def test_parameters_without_a_list_are_refused(parameter: object) -> None:
    asked = {"resourceType": "Parameters", "parameter": parameter}
    assert refusal(asked) == [("required", "Parameters.parameter")]


def test_both_single_parameters_stand_once_and_no_other_stands_at_all() -> None:
    asked: dict[str, Any] = {"resourceType": "Parameters", "parameter": []}
    assert refusal(asked) == [("required", None), ("required", None)]
    asked["parameter"] = [*question()["parameter"] * 2, {"name": "colour"}, "x", {"name": ["x"]}]
    codes = [code for code, _ in refusal(asked)]
    assert codes == ["not-supported"] * 3 + ["required"] * 2


def test_too_many_doses_are_refused_and_two_hundred_are_not() -> None:
    one = dose("PCV20", "2026-08-01")
    assert len(read(question(*[one] * 200)).given) == 200
    assert refusal(question(*[one] * 401)) == [("too-long", None)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"birthDate": "2026-02-30"}, "value"),
        ({"birthDate": "2026-04"}, "value"),
        ({"birthDate": "２０２６-04-01"}, "value"),
        ({"birthDate": "令和8年4月1日"}, "value"),
        ({"birthDate": 20260401}, "value"),
        ({"birthDate": None}, "required"),
        ({"birthDate": "0001-01-01"}, "value"),
        ({"birthDate": "9999-12-31"}, "value"),
        ({"birthDate": "2026-11-23"}, "business-rule"),
        ({"gender": None}, "value"),
        ({"gender": "F"}, "value"),
        ({"gender": ["female"]}, "value"),
        ({"id": "a b"}, "value"),
        ({"id": 5}, "value"),
        ({"implicitRules": "http://rules.example"}, "not-supported"),
        ({"modifierExtension": []}, "not-supported"),
        ({"resourceType": "Person"}, "structure"),
    ],
)
def test_a_bad_patient_is_named(changes: dict[str, Any], code: str) -> None:
    [(found, place)] = refusal(question(**changes))
    assert found == code
    assert (place or "").startswith("Parameters.parameter[1]")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": None}, "value"),
        ({"status": "done"}, "value"),
        ({"status": ["completed"]}, "value"),
        ({"isSubpotent": True}, "not-supported"),
        ({"modifierExtension": [{"url": "http://x.example"}]}, "not-supported"),
        ({"occurrenceDateTime": None}, "required"),
        ({"occurrenceDateTime": "2026"}, "value"),
        ({"occurrenceDateTime": "2026-06-31"}, "value"),
        ({"occurrenceDateTime": "2026-06-01T25:00:00Z"}, "value"),
        ({"occurrenceDateTime": "9999-12-31T23:59:59-14:00"}, "value"),
        ({"occurrenceDateTime": "2026-06-01T10:00:00"}, "value"),
        ({"occurrenceDateTime": "2026-03-31"}, "business-rule"),
        ({"vaccineCode": None}, "code-invalid"),
        ({"vaccineCode": {"text": "ロタ"}}, "code-invalid"),
        ({"vaccineCode": {"coding": ["RV1"]}}, "code-invalid"),
        ({"vaccineCode": {"coding": [{"system": PRODUCT, "code": 1}]}}, "code-invalid"),
        ({"vaccineCode": {"coding": [{"system": "urn:x", "code": "RV1"}]}}, "code-invalid"),
        ({"resourceType": "Observation"}, "structure"),
    ],
)  # fmt: skip
def test_a_bad_dose_is_named(changes: dict[str, Any], code: str) -> None:
    [(found, place)] = refusal(question(dose("RV1", "2026-06-01", **changes)))
    assert found == code
    assert (place or "").startswith("Parameters.parameter[2].resource")


def test_codings_that_name_two_products_are_refused() -> None:
    both = {"coding": [{"system": PRODUCT, "code": code} for code in ("RV1", "RV5")]}
    asked = question(dose("RV1", "2026-06-01", vaccineCode=both))
    assert refusal(asked)[0][0] == "code-invalid"


def test_an_unconfirmed_code_of_another_system_is_not_understood() -> None:
    cvx = {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "119"}]}
    assert refusal(question(dose("RV1", "2026-06-01", vaccineCode=cvx)))[0][0] == "code-invalid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.sampled_from(["assessmentDate", "patient", "immunization"]), JSON, JSON)
@settings(max_examples=80, deadline=None)
def test_whatever_stands_in_a_parameter_is_answered(name: str, value: Any, inner: Any) -> None:
    asked = question(dose("RV1", "2026-06-01"))
    for row in asked["parameter"]:
        if row["name"] == name:
            row["valueDate" if name == "assessmentDate" else "resource"] = value
    asked["parameter"].append({"name": "immunization", "resource": inner})
    with pytest.raises(BadParameters):
        read(asked)
