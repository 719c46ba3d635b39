"""ImmunizationRecommendation: where each vaccine stands and what is next (HL7 ImmDS, R4). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.fhir.evaluation import disease
from app.immunization.dates import ONE_DAY
from app.immunization.results import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from app.fhir.terminology import Element, Terminology
    from app.immunization.results import GroupResult, Reason
    from app.immunization.rules import Schedule

FORECAST_STATUS = {
    Status.NOT_APPLICABLE: "notRecommended",
    Status.COMPLETE: "complete",
    Status.EXPIRED: "agedOut",
    Status.NEEDS_REVIEW: "conditional",
}
INCOMPLETE = "notComplete"
UNCONFIRMED = "unconfirmed-basis"
UNCONFIRMED_RECORD = "unconfirmed-record"
LAST_START = "last-start-to-complete"


def recommendation(
    schedule: Schedule,
    terms: Terminology,
    results: Mapping[str, GroupResult],
    *,
    patient: Element,
    as_of: date,
    to_parents: bool,
    resting: Collection[str] = (),
) -> Element:
    """All vaccines in one resource. What rests on an unconfirmed row never goes to parents.

    ``resting``: the vaccines whose answer rests on doses that only the family has written.
    """
    rows = [
        _row(schedule, terms, result, to_parents=to_parents, resting=resting)
        for result in results.values()
        if result.publishable or not to_parents
    ]
    return {
        "resourceType": "ImmunizationRecommendation",
        **terms.meta("recommendation"),
        "patient": patient,
        "date": as_of.isoformat(),
        "authority": {"display": f"{schedule.id} {schedule.edition}"},
        "recommendation": rows,
    }


def _row(
    schedule: Schedule,
    terms: Terminology,
    result: GroupResult,
    *,
    to_parents: bool,
    resting: Collection[str],
) -> Element:
    group = schedule.groups[result.group]
    status = FORECAST_STATUS.get(result.status, INCOMPLETE)
    row: Element = {
        "vaccineCode": [
            {
                "coding": [terms.coding("group", group.code, group.names.en)],
                "text": group.names.ja,
            }
        ],
        "targetDisease": disease(terms, group),
        "forecastStatus": {"coding": [terms.coding("forecast_status", status)]},
        "forecastReason": list(_reasons(terms, result, to_parents=to_parents)),
        "series": group.names.ja,
    }
    if result.next_dose_number is not None:
        row["doseNumberPositiveInt"] = result.next_dose_number
    if result.group in resting:
        row["forecastReason"].append({"coding": [terms.coding("reason", UNCONFIRMED_RECORD)]})
    criteria = list(_criteria(terms, result))
    return row | ({"dateCriterion": criteria} if criteria else {})


def _reasons(terms: Terminology, result: GroupResult, *, to_parents: bool) -> Iterator[Element]:
    """The status in our words first, then each step of the reasoning with its source."""
    yield {"coding": [terms.coding("reason", result.status.value)]}
    if not (result.publishable and result.standard_to_publishable):
        yield {"coding": [terms.coding("reason", UNCONFIRMED)]}
    for reason in result.reasons:
        if reason.basis.publishable or not to_parents:
            yield {"coding": [terms.coding("reason", reason.code)], "text": _sentence(reason)}


def _sentence(reason: Reason) -> str:
    return f"{reason.ja}（{reason.citation}）"


def _criteria(terms: Terminology, result: GroupResult) -> Iterator[Element]:
    """The days. ImmDS calls a dose overdue from the day after our last recommended one."""
    days = {
        "earliest": result.earliest,
        "recommended": result.standard_from,
        "overdue": result.standard_to + ONE_DAY
        if result.standard_to is not None and result.standard_to_publishable
        else None,
        "latest": result.latest,
    }
    for name, day in days.items():
        if day is not None:
            yield {"code": {"coding": [terms.date_criteria[name]]}, "value": day.isoformat()}
    if result.last_start_to_complete is not None:
        own = terms.coding("criterion", LAST_START, "Last day to start and still complete")
        yield {"code": {"coding": [own]}, "value": result.last_start_to_complete.isoformat()}
