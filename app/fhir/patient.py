"""Patient: the child (JP Core JP_Patient, FHIR R4). No address, no 個人番号. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.identity.models import Sex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.family.models import Child
    from app.fhir.terminology import Element, Terminology
    from app.identity.models import Person

KANJI, KANA = "IDE", "SYL"
GENDER = {Sex.MALE: "male", Sex.FEMALE: "female", Sex.NOT_KNOWN: "unknown"}


def patient(child: Child, terms: Terminology, *, municipality: str) -> Element:
    """Name in both writings, sex, birthday, the handbook's number and who keeps it."""
    person = child.person
    number = {"system": terms.systems["handbook_number"], "value": child.handbook_number}
    return {
        "resourceType": "Patient",
        "id": str(child.id),
        **terms.meta("patient"),
        "identifier": [number],
        "name": list(_names(terms, person)),
        "gender": GENDER[person.sex],
        "birthDate": person.born_on.isoformat(),
        "managingOrganization": {"display": municipality},
    }


def _names(terms: Terminology, person: Person) -> Iterator[Element]:
    """Each writing that is known; FHIR has no empty text."""
    url = terms.extensions["name_representation"]
    for writing, family, given in (
        (KANJI, person.family_name, person.given_name),
        (KANA, person.family_kana, person.given_kana),
    ):
        made: Element = {"extension": [{"url": url, "valueCode": writing}], "use": "official"}
        if family:
            made["family"] = family
        if given:
            made["given"] = [given]
        if family or given:
            yield made | {"text": f"{family} {given}".strip()}
