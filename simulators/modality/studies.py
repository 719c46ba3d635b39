"""Studies to send: a generated CT, and real sample objects of the pydicom package, relabelled.

Identifiers follow from what they identify, so sending twice sends the same objects. Pixel data of
the samples is passed on bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.modality.people import Patient
    from simulators.modality.phantom import Phantom

MANUFACTURER: Final = "TSUNAGU SIMULATED MODALITY"
SLICE_MM: Final = 3.0
RESCALE_INTERCEPT: Final = -1024


@dataclass(frozen=True)
class StudyPlan:
    """What all objects of one study share; dates and times as DICOM writes them."""

    key: str
    patient: Patient
    study_date: str
    study_time: str
    description: str
    institution: str

    def uid(self, *parts: object) -> str:
        """An identifier that depends on this study and ``parts`` only."""
        sources = ["tsunagu-simulated", self.key, *map(str, parts)]
        return str(generate_uid(entropy_srcs=sources))

    @property
    def study_instance_uid(self) -> str:
        """The study's own identifier."""
        return self.uid("study")

    def label(self, data_set: Dataset, series: int, instance: int) -> None:
        """Write patient, study and series into an object, and its identifiers."""
        data_set.SpecificCharacterSet = list(self.patient.charset)
        data_set.PatientID, data_set.PatientName = self.patient.patient_id, self.patient.name
        data_set.PatientBirthDate, data_set.PatientSex = self.patient.born_on, self.patient.sex
        data_set.StudyInstanceUID = self.study_instance_uid
        data_set.SeriesInstanceUID = self.uid("series", series)
        data_set.SOPInstanceUID = self.uid("instance", series, instance)
        data_set.StudyDate = data_set.SeriesDate = data_set.ContentDate = self.study_date
        data_set.StudyTime = data_set.SeriesTime = data_set.ContentTime = self.study_time
        data_set.StudyDescription = self.description
        data_set.InstitutionName = self.institution
        data_set.AccessionNumber = f"S{self.uid('order')[-12:]}"
        data_set.StudyID, data_set.SeriesNumber = "1", series
        data_set.InstanceNumber = instance
        data_set.Manufacturer = MANUFACTURER
        data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID


@dataclass(frozen=True)
class GeneratedCt:
    """An axial CT made by the phantom."""

    plan: StudyPlan
    phantom: Phantom
    slices: int

    def __len__(self) -> int:
        return self.slices

    def __iter__(self) -> Iterator[Dataset]:
        for number in range(1, self.slices + 1):
            yield self._slice(number)

    def _slice(self, number: int) -> Dataset:
        z = -SLICE_MM * (number - 1)
        stored = self.phantom.slice_hu(z, SLICE_MM, number) - RESCALE_INTERCEPT
        data_set = Dataset()
        data_set.file_meta = FileMetaDataset()
        data_set.file_meta.MediaStorageSOPClassUID = CTImageStorage
        data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data_set.SOPClassUID = CTImageStorage
        self.plan.label(data_set, 1, number)
        self._describe(data_set, z)
        data_set.Rows, data_set.Columns = stored.shape
        data_set.PixelData = stored.astype("<i2").tobytes()
        data_set["PixelData"].VR = "OW"
        return data_set

    def _describe(self, data_set: Dataset, z: float) -> None:
        """Geometry and pixel format (PS3.3 C.7.6.2, C.7.6.3, C.8.2.1)."""
        spacing = self.phantom.spacing_mm
        corner = round(float(self.phantom.axis[0]), 4)
        data_set.Modality, data_set.SeriesDescription = "CT", "CHEST 3.0 SOFT"
        data_set.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data_set.BodyPartExamined, data_set.PatientPosition = "CHEST", "HFS"
        data_set.FrameOfReferenceUID = self.plan.uid("frame of reference")
        data_set.PositionReferenceIndicator = ""
        data_set.ImagePositionPatient = [corner, corner, round(z, 2)]
        data_set.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data_set.SliceThickness = SLICE_MM
        data_set.SpacingBetweenSlices = SLICE_MM
        data_set.SliceLocation = round(z, 2)
        data_set.PixelSpacing = [round(spacing, 6)] * 2
        data_set.KVP, data_set.AcquisitionNumber = 120, 1
        data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
        data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = 16, 16, 15
        data_set.PixelRepresentation = 1
        data_set.RescaleIntercept, data_set.RescaleSlope = RESCALE_INTERCEPT, 1
        data_set.RescaleType = "HU"
        data_set.WindowCenter, data_set.WindowWidth = [40, -600], [400, 1500]
        data_set.WindowCenterWidthExplanation = ["SOFT", "LUNG"]


@dataclass(frozen=True)
class Samples:
    """Real objects of the pydicom package under a fictional name, one series each."""

    plan: StudyPlan
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Dataset]:
        for series, name in enumerate(self.names, start=1):
            yield self._relabelled(name, series)

    def _relabelled(self, name: str, series: int) -> Dataset:
        path = get_testdata_file(name)
        if not isinstance(path, str):
            raise FileNotFoundError(f"pydicom brings no {name}")
        data_set = dcmread(path)
        kept = data_set.get("SeriesDescription") or UID(data_set.file_meta.TransferSyntaxUID).name
        data_set.decode()
        self.plan.label(data_set, series, 1)
        data_set.SeriesDescription = str(kept)[:64]
        return data_set


Study = GeneratedCt | Samples
