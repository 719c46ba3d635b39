"""Reading the Parameters of ``$immds-forecast``: all that is wrong is named, nothing guessed. Pure.

HL7 ImmDS: ``assessmentDate`` once, ``patient`` once, ``immunization`` any number of times. A
modifier we do not know may turn a meaning round, so FHIR has us refuse it (R4 §2.4.0.2).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.fhir.doses import read_dose
from app.fhir.errors import BadParameters
from app.fhir.fields import Problems, day_of, modifiers
from app.fhir.outcome import Issue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.fhir.terminology import Element, Terminology
    from app.immunization.results import GivenDose
    from app.immunization.rules import Schedule, Sex

MOST_DOSES = 400
SEXES: dict[str, Sex] = {"female": "F", "male": "M", "other": "M", "unknown": "M"}
"""The schedule knows girls and everybody else (HPV)."""
ONCE = {"assessmentDate", "patient"}
NAMES = ONCE | {"immunization"}


@dataclass(frozen=True)
class ForecastRequest:
    """One question: a child, what was given, and the asked day. References as the caller names."""

    born_on: date
    sex: Sex
    as_of: date
    given: tuple[tuple[GivenDose, Element], ...]
    patient: Element


def read_request(body: bytes, schedule: Schedule, terms: Terminology) -> ForecastRequest:
    """The question in a request's body. Raises ``BadParameters`` with every problem."""
    parameters = _parameters(body)
    problems = Problems()
    named = _by_name(parameters, problems)
    problems.raise_any()
    as_of = _assessment_date(*named["assessmentDate"][0], problems)
    born_on, sex, patient = _patient(*named["patient"][0], problems)
    if as_of and born_on and as_of < born_on:
        problems.add("business-rule", "assessmentDate is before the birth", named["patient"][0][1])
    given = []
    for row, place in named["immunization"]:
        dose = read_dose(row.get("resource"), f"{place}.resource", schedule, terms, problems)
        if dose is None:
            continue
        if born_on and dose[0].date < born_on:
            problems.add("business-rule", "a dose before the birth", f"{place}.resource")
        given.append(dose)
    problems.raise_any()
    if as_of is None or born_on is None or sex is None:
        raise AssertionError("a problem was not named")
    return ForecastRequest(born_on, sex, as_of, tuple(given), patient)


def _parameters(body: bytes) -> Sequence[Any]:
    try:
        resource = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadParameters([Issue("structure", "the body is not JSON in UTF-8")]) from None
    if not isinstance(resource, dict) or resource.get("resourceType") != "Parameters":
        raise BadParameters([Issue("structure", "the body is not a Parameters resource")])
    parameters = resource.get("parameter")
    if not isinstance(parameters, list):
        raise BadParameters([Issue("required", "parameter is missing", "Parameters.parameter")])
    if len(parameters) > MOST_DOSES + len(ONCE):
        raise BadParameters([Issue("too-long", f"more than {MOST_DOSES} immunizations")])
    return parameters


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _by_name(parameters: Sequence[Any], problems: Problems) -> dict[str, list[tuple[Element, str]]]:
    """The parameters with their places, by name; each of the two single ones stands once."""
    named: dict[str, list[tuple[Element, str]]] = {name: [] for name in sorted(NAMES)}
    for index, row in enumerate(parameters):
        place = f"Parameters.parameter[{index}]"
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str) or name not in NAMES:
            problems.add("not-supported", "neither of " + ", ".join(sorted(NAMES)), place)
        else:
            named[name].append((row, place))
    for name in sorted(ONCE):
        if len(named[name]) != 1:
            problems.add("required", f"{name} stands {len(named[name])} times instead of once")
    return named


def _assessment_date(row: Element, place: str, problems: Problems) -> date | None:
    return day_of(row.get("valueDate"), f"{place}.valueDate", problems)


def _patient(
    row: Element, place: str, problems: Problems
) -> tuple[date | None, Sex | None, Element]:
    resource, place = row.get("resource"), f"{place}.resource"
    if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
        problems.add("structure", "not a Patient resource", place)
        return None, None, {}
    modifiers(resource, place, problems)
    born_on = day_of(resource.get("birthDate"), f"{place}.birthDate", problems)
    gender = resource.get("gender")
    sex = SEXES.get(gender) if isinstance(gender, str) else None
    if sex is None:
        problems.add("value", "gender is none of " + ", ".join(SEXES), f"{place}.gender")
    name = resource.get("id")
    known = {"reference": f"Patient/{name}"}
    return born_on, sex, known if name else {"type": "Patient", "display": "patient"}
