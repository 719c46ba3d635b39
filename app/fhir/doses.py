"""Reading one Immunization of a request as a given dose. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.fhir.fields import Problems, japanese_day_of, modifiers
from app.immunization.results import GivenDose

if TYPE_CHECKING:
    from app.fhir.terminology import Element, Terminology
    from app.immunization.rules import Schedule

GIVEN = "completed"
NOT_GIVEN = frozenset({"not-done", "entered-in-error"})


def read_dose(
    resource: object, place: str, schedule: Schedule, terms: Terminology, problems: Problems
) -> tuple[GivenDose, Element] | None:
    """The dose and how the answer refers to it; None where none was given, or with a problem."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "Immunization":
        problems.add("structure", "not an Immunization resource", place)
        return None
    modifiers(resource, place, problems)
    status = resource.get("status")
    if isinstance(status, str) and status in NOT_GIVEN:
        return None
    if status != GIVEN:
        problems.add("value", "status is none of FHIR's", f"{place}.status")
    if resource.get("isSubpotent"):
        problems.add("not-supported", "a physician judges subpotent doses", f"{place}.isSubpotent")
    product = _product(resource.get("vaccineCode"), schedule, terms)
    if product is None:
        problems.add("code-invalid", "no vaccine of this schedule", f"{place}.vaccineCode")
    on = japanese_day_of(
        resource.get("occurrenceDateTime"), f"{place}.occurrenceDateTime", problems
    )
    if product is None or on is None:
        return None
    return GivenDose(product, on), _reference(resource.get("id"), place)


def _product(concept: object, schedule: Schedule, terms: Terminology) -> str | None:
    """The one product that the codings name; None where they name none or several."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    found: set[str] = set()
    for coding in codings if isinstance(codings, list) else ():
        if not isinstance(coding, dict):
            return None
        system, code = coding.get("system"), coding.get("code")
        if not isinstance(system, str) or not isinstance(code, str):
            continue
        if system == terms.systems["product"] and code in schedule.products:
            found.add(code)
        elif (system, code) in terms.product_named:
            found.add(terms.product_named[system, code])
    return found.pop() if len(found) == 1 else None


def _reference(name: object, place: str) -> Element:
    if isinstance(name, str):
        return {"reference": f"Immunization/{name}"}
    return {"type": "Immunization", "display": place}
