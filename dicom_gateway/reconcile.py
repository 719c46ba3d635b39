"""A study from elsewhere under the local patient's identity, its origin kept (IHE IRWF.b).

What is replaced stands in Original Attributes Sequence, who replaced it in Contributing Equipment
Sequence (PS3.3 C.12.1.1.9, C.12.1). Identifiers and pixels stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom import Dataset

from dicom_gateway.errors import BadRequest

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_ID: Final = 64  # PS3.5 Table 6.2-1, LO
PRODUCT: Final = "Tsunagu gateway"


@dataclass(frozen=True)
class LocalPatient:
    """Who the study belongs to in this hospital."""

    patient_id: str
    issuer: str = ""

    def __post_init__(self) -> None:
        for text in (self.patient_id, self.issuer):
            if len(text) > LONGEST_ID or not text.isascii() or "\\" in text:
                raise BadRequest("patient id and issuer are at most 64 ASCII characters, no \\")
        if not self.patient_id.strip() or not self.patient_id.isprintable():
            raise BadRequest("a patient id is needed")


@dataclass(frozen=True)
class Reconciliation:
    """Which system gives the identity, when, and where the object came from."""

    patient: LocalPatient
    system: str
    source: str
    at: datetime


def reconcile(data_set: Dataset, change: Reconciliation) -> None:
    """Give the data set the local identity in place, and tell so inside it."""
    original = Dataset()
    for keyword in ("PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence"):
        if keyword in data_set:
            original[keyword] = data_set[keyword]
            del data_set[keyword]
    data_set.PatientID = change.patient.patient_id
    if change.patient.issuer:
        data_set.IssuerOfPatientID = change.patient.issuer
    _append(data_set, "OriginalAttributesSequence", _modification(original, change))
    _append(data_set, "ContributingEquipmentSequence", _equipment(change))


def _modification(original: Dataset, change: Reconciliation) -> Dataset:
    item = Dataset()
    item.SourceOfPreviousValues = change.source
    item.AttributeModificationDateTime = _moment(change.at)
    item.ModifyingSystem = change.system
    item.ReasonForTheAttributeModification = "COERCE"
    item.ModifiedAttributesSequence = [original]
    return item


def _equipment(change: Reconciliation) -> Dataset:
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "109103", "DCM"
    purpose.CodeMeaning = "Modifying Equipment"
    item = Dataset()
    item.Manufacturer, item.StationName = PRODUCT, change.system
    item.ContributionDateTime = _moment(change.at)
    item.ContributionDescription = "Patient identity reconciled at import"
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item


def _moment(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")


def _append(data_set: Dataset, keyword: str, item: Dataset) -> None:
    items = list(data_set[keyword].value) if keyword in data_set else []
    setattr(data_set, keyword, [*items, item])
