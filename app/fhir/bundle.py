"""Bundle: one child's vaccinations as a collection, with who made it and when (FHIR R4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from app.core import clock
from app.fhir.evaluation import Events, evaluations
from app.fhir.immunization import immunization
from app.fhir.patient import patient
from app.fhir.recommendation import recommendation
from app.immunization.results import GivenDose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from app.family.models import Child
    from app.fhir.terminology import Element, Terminology
    from app.immunization.models import Dose
    from app.immunization.results import GroupResult
    from app.immunization.rules import Schedule

LEFT_OUT = "住所・連絡先・健診・成長の記録・保護者のメモは含みません。"


@dataclass(frozen=True)
class Record:
    """What goes into the file. ``resting``: as for ``recommendation``.

    ``unspoken``: vaccines of which the family is told nothing to come.
    """

    child: Child
    municipality: str
    doses: tuple[Dose, ...]
    results: Mapping[str, GroupResult]
    as_of: date
    made_at: datetime
    to_parents: bool
    resting: frozenset[str] = frozenset()
    unspoken: frozenset[str] = frozenset()


def collection(record: Record, schedule: Schedule, terms: Terminology) -> Element:
    """Patient, each Immunization, what each is worth, what is next, and where it comes from."""
    child = patient(record.child, terms, municipality=record.municipality)
    subject = {"reference": _urn(record.child.id)}
    given = [
        immunization(dose, schedule.products[dose.product], terms, patient=subject)
        for dose in record.doses
    ]
    events = Events(
        (GivenDose(dose.product, dose.given_on), {"reference": _urn(dose.lineage_id)})
        for dose in record.doses
    )
    judged = evaluations(
        schedule, terms, record.results, patient=subject, events=events, as_of=record.as_of
    )
    told = {code: one for code, one in record.results.items() if code not in record.unspoken}
    ahead = recommendation(
        schedule,
        terms,
        told,
        patient=subject,
        as_of=record.as_of,
        to_parents=record.to_parents,
        resting=record.resting,
    )
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _instant(record.made_at),
        "entry": _entries(
            [child, *given],
            record,
            [*judged, *([ahead] if told else ()), _provenance(record, subject)],
        ),
    }


def _entries(known: list[Element], record: Record, computed: list[Element]) -> list[Element]:
    """Resources with ids of ours under those; computed ones under derived ids."""
    entries = [{"fullUrl": _urn(UUID(one["id"])), "resource": one} for one in known]
    for number, one in enumerate(computed):
        name = uuid5(record.child.id, f"{record.made_at.isoformat()} {number}")
        entries.append({"fullUrl": _urn(name), "resource": {**one, "id": str(name)}})
    return entries


def _provenance(record: Record, subject: Element) -> Element:
    return {
        "resourceType": "Provenance",
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml" lang="ja">{LEFT_OUT}</div>',
        },
        "target": [subject],
        "recorded": _instant(record.made_at),
        "agent": [{"who": {"display": record.municipality}}],
    }


def _urn(name: UUID) -> str:
    return f"urn:uuid:{name}"


def _instant(at: datetime) -> str:
    return at.astimezone(clock.JST).isoformat(timespec="milliseconds")
