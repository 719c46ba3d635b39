"""ImmunizationEvaluation: what each dose is worth, vaccine by vaccine (HL7 ImmDS, R4). Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from app.immunization.results import GivenDose, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from app.fhir.terminology import Element, Terminology
    from app.immunization.results import DoseVerdict, GroupResult
    from app.immunization.rules import Group, Schedule

DOSE_STATUS = {Verdict.VALID: "valid", Verdict.AFTER_LATEST: "valid"}
NOT_VALID = "notvalid"


class Events:
    """Which Immunization each judged dose is. Two equal doses are told apart by their order."""

    def __init__(self, given: Iterable[tuple[GivenDose, Element]]) -> None:
        self._references: dict[GivenDose, list[Element]] = defaultdict(list)
        for dose, reference in given:
            self._references[dose].append(reference)

    def of(self, doses: Iterable[DoseVerdict]) -> Iterator[tuple[DoseVerdict, Element]]:
        """Each verdict of one vaccine with its reference."""
        seen: dict[GivenDose, int] = defaultdict(int)
        for dose in doses:
            key = GivenDose(dose.product, dose.date)
            yield dose, self._references[key][seen[key]]
            seen[key] += 1


def evaluations(
    schedule: Schedule,
    terms: Terminology,
    results: Mapping[str, GroupResult],
    *,
    patient: Element,
    events: Events,
    as_of: date,
) -> list[Element]:
    """One resource for each dose and vaccine; doses after a fault have none."""
    made = []
    for code, result in results.items():
        counted = 0
        for dose, event in events.of(result.doses):
            counted += dose.counts
            head: Element = {
                "resourceType": "ImmunizationEvaluation",
                **terms.meta("evaluation"),
                "status": "completed",
                "patient": patient,
                "date": as_of.isoformat(),
                "immunizationEvent": event,
            }
            number = {"doseNumberPositiveInt": counted} if dose.counts else {}
            made.append(head | _judged(terms, schedule.groups[code], dose) | number)
    return made


def _judged(terms: Terminology, group: Group, dose: DoseVerdict) -> Element:
    status = terms.coding("dose_status", DOSE_STATUS.get(dose.verdict, NOT_VALID))
    verdict: Element = {"coding": [terms.coding("verdict", dose.verdict.value)]}
    if dose.reason is not None:
        verdict["text"] = dose.reason.ja
    return {
        "targetDisease": disease(terms, group),
        "doseStatus": {"coding": [status]},
        "doseStatusReason": [verdict],
        "series": group.names.ja,
    }


def disease(terms: Terminology, group: Group) -> Element:
    """What a vaccine protects from."""
    return {
        "coding": [terms.coding("group", group.code, group.names.en)],
        "text": "、".join(group.diseases_ja),
    }
