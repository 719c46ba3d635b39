"""One object of a medium: who it is about, and its way into the gateway.

Media breach the standard in small ways: no preamble, no transfer syntax, a head that names another
object. What the data set says counts; each breach is named. The medium is read, never mapped: a
mapped page of a scratched disc would kill the process.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from pydicom import dcmread

from dicom_gateway import syntax
from dicom_gateway.errors import NotDicom
from dicom_gateway.ingest import check_claim
from dicom_gateway.media.files import is_program
from dicom_gateway.part10 import Claim, Head, file_head, read_head

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

    from dicom_gateway.index.arrivals import Standing
    from dicom_gateway.ingest import Ingest

SENDER: Final = "MEDIUM"
_HEAD_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_TAGS: Final = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "PatientID", "PatientName",
    "PatientBirthDate", "SpecificCharacterSet",
]  # fmt: skip


@dataclass(frozen=True, order=True)
class Patient:
    """Who an object says it is about."""

    patient_id: str
    birth_date: str
    name: str


@dataclass(frozen=True)
class MediumObject:
    """One object before it is taken in. ``start``: offset of its data set."""

    path: Path
    start: int
    claim: Claim
    study_instance_uid: str
    patient: Patient
    breaches: tuple[str, ...]


def read_object(path: Path) -> MediumObject:
    """What one file holds.

    Raises:
        NotDicom: no data set can be made out.
        OSError: the medium cannot be read there.
    """
    with path.open("rb") as file:
        beginning = file.read(_HEAD_BYTES)
        head, breaches = _head(beginning)
        data_set = _header(file, head)
    if is_program(beginning):
        breaches.append("program code in the preamble, blanked")
    uid = head.transfer_syntax_uid or _likely_syntax(data_set)
    if not head.transfer_syntax_uid:
        breaches.append("no transfer syntax named")
    claim = Claim(_text(data_set, "SOPClassUID"), _text(data_set, "SOPInstanceUID"), uid, SENDER)
    if head.sop_instance_uid not in {"", claim.sop_instance_uid}:
        breaches.append("the head names another object")
    patient = Patient(
        _text(data_set, "PatientID"),
        _text(data_set, "PatientBirthDate"),
        _text(data_set, "PatientName"),
    )
    study = _text(data_set, "StudyInstanceUID")
    return MediumObject(path, head.end, claim, study, patient, tuple(breaches))


def take_in(ingest: Ingest, one: MediumObject) -> Standing:
    """Bring the object in; durable and listed when this returns.

    Raises:
        NotDicom, Mismatch, OutOfResources: as :meth:`Ingest.admit`.
        OSError: the medium cannot be read there.
    """
    check_claim(one.claim)
    arrival = ingest.arrival()
    with arrival, one.path.open("rb") as file:
        arrival.begin(file_head(one.claim))
        file.seek(one.start)
        while piece := file.read(_PIECE_BYTES):
            arrival.write(piece)
        return ingest.admit(arrival, one.claim)


def _head(beginning: bytes) -> tuple[Head, list[str]]:
    if beginning[128:132] == b"DICM":
        return read_head(beginning), []
    if beginning[:2] == b"\x02\x00":
        return read_head(beginning, at=0), ["no preamble"]
    return Head("", "", "", 0), ["no preamble and no head"]


def _header(file: BinaryIO, head: Head) -> Dataset:
    """A process edge: whatever a hostile header does to the reader, the other files go on."""
    file.seek(0)
    source: BinaryIO = file
    if head.transfer_syntax_uid == syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        file.seek(head.end)
        source = io.BytesIO(syntax.inflate(file.read(syntax.MAXIMUM_INFLATED_BYTES)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dcmread(source, force=True, stop_before_pixels=True, specific_tags=_TAGS)
    except OSError:
        raise
    except Exception as error:
        raise NotDicom("header cannot be read") from error


def _likely_syntax(data_set: Dataset) -> str:
    is_implicit, is_little = data_set.original_encoding
    if is_implicit:
        return syntax.IMPLICIT_VR_LITTLE_ENDIAN
    return syntax.EXPLICIT_VR_LITTLE_ENDIAN if is_little else syntax.EXPLICIT_VR_BIG_ENDIAN


def _text(data_set: Dataset, keyword: str) -> str:
    try:
        value = data_set.get(keyword)
    except Exception as error:
        raise NotDicom("header cannot be read") from error
    return "" if value is None else str(value).replace("\0", "").strip()
