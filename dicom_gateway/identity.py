"""Whether two objects of one study can be of one person. Pure.

What counts: PatientID with its issuer, birth date and sex (PS3.3 C.2.2, C.7.1.1), not the name:
one person is written in kanji, kana and romaji, and changes it on marriage. PatientID must be
equal, also when it is empty; the others conflict only where both are told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dicom_gateway.dicomjson import Rendered

ANOTHER_PATIENT: Final = "another patient in this study"
ANOTHER_ISSUER: Final = "another issuer of the patient id"
ANOTHER_BIRTH_DATE: Final = "another birth date in this study"
ANOTHER_SEX: Final = "another sex in this study"
_OPTIONAL: Final = (
    ("issuer_of_patient_id", ANOTHER_ISSUER),
    ("patient_birth_date", ANOTHER_BIRTH_DATE),
    ("patient_sex", ANOTHER_SEX),
)


@dataclass(frozen=True)
class Identity:
    """Who the patient is said to be; empty means not told."""

    patient_id: str
    issuer_of_patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""

    def conflict(self, other: Identity) -> str:
        """What cannot be true of one person; empty when nothing speaks against it."""
        if self.patient_id.strip() != other.patient_id.strip():
            return ANOTHER_PATIENT
        for name, note in _OPTIONAL:
            mine, theirs = getattr(self, name).strip(), getattr(other, name).strip()
            if mine and theirs and mine != theirs:
                return note
        return ""

    def completed(self, other: Identity) -> Identity:
        """With what only the other one tells, so that a third is held against both."""
        told = {
            name: getattr(other, name) for name, _ in _OPTIONAL if not getattr(self, name).strip()
        }
        return replace(self, **told)


def identity_of(rendered: Rendered) -> Identity:
    """What one object says."""
    return Identity(
        patient_id=rendered.text("00100020", 64),
        issuer_of_patient_id=rendered.text("00100021", 64),
        patient_birth_date=rendered.text("00100030", 8),
        patient_sex=rendered.text("00100040", 16),
    )
