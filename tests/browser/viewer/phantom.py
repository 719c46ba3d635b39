"""Image objects with known sizes, and pydicom's samples, under one fictional patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

ROOT = "1.2.826.0.1.3680043.8.498."


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who the images say they are of; ``name`` holds the three groups joined by ``=``."""

    name: str = "Mihon^Tarou=見本^太郎=みほん^たろう"
    patient_id: str = "A-000123"
    birth_date: str = "19900501"


MIHON = Person()


@dataclass(frozen=True, kw_only=True)
class Body:
    """An ellipse of soft tissue in air; sizes in mm, spacing as (row, column) mm per pixel."""

    width: float = 304.0
    height: float = 232.5
    rows: int = 256
    columns: int = 256
    spacing: tuple[float, float] = (1.4, 1.4)


def uid(name: str) -> str:
    """A UID that is the same for the same name."""
    return generate_uid(prefix=ROOT, entropy_srcs=[name])


def ct_series(
    study: str, *, slices: int = 24, body: Body | None = None, person: Person = MIHON
) -> list[Dataset]:
    """A CT series in file order: instance numbers run from the feet and positions are shuffled."""
    body = body or Body()
    order = [(index * 7) % slices for index in range(slices)] if slices % 7 else range(slices)
    return [_ct_slice(study, index, slices, body, person) for index in order]


def _ct_slice(study: str, index: int, slices: int, body: Body, person: Person) -> Dataset:
    ds = image_object(study, "ct", index, person=person)
    ds.SOPClassUID = CTImageStorage
    ds.Modality = "CT"
    ds.SeriesDescription = "胸部 単純 5mm"
    ds.InstanceNumber = slices - index
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [-180, -180, -5.0 * index]
    ds.PixelSpacing = list(body.spacing)
    ds.SliceThickness = 5
    ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
    ds.WindowCenter, ds.WindowWidth = 40, 400
    set_pixels(ds, body_pixels(body, hu=40 + index) + 1024, signed=True)
    return ds


def body_pixels(body: Body, *, hu: int) -> np.ndarray:
    """Soft tissue, two lungs and a spine in Hounsfield units; air is -1000."""
    row, column = np.mgrid[0 : body.rows, 0 : body.columns].astype(np.float64)
    y = (row - (body.rows - 1) / 2) * body.spacing[0]
    x = (column - (body.columns - 1) / 2) * body.spacing[1]
    pixels = np.full((body.rows, body.columns), -1000, dtype=np.int16)
    pixels[_inside(x, y, body.width / 2, body.height / 2)] = hu
    for side in (-1, 1):
        lung = _inside(x - side * body.width / 4, y + 10, body.width / 7, body.height / 4)
        pixels[lung] = -800
    pixels[_inside(x, y - body.height / 3, 18, 18)] = 700
    return pixels


def _inside(x: np.ndarray, y: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    return (x / half_width) ** 2 + (y / half_height) ** 2 <= 1


def radiograph(study: str, *, photometric: str = "MONOCHROME2", calibrated: bool = True) -> Dataset:
    """A DX image without Pixel Spacing; with ``calibrated`` the detector's spacing of 0.2 mm."""
    ds = image_object(study, f"dx-{photometric}-{calibrated}", 1)
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.Modality = "DX"
    ds.SeriesDescription = f"胸部 正面 {photometric}"
    if calibrated:
        ds.ImagerPixelSpacing = [0.2, 0.2]
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ramp = np.tile(np.linspace(0, 4095, 300, dtype=np.uint16), (300, 1))
    set_pixels(ds, ramp, signed=False)
    ds.PhotometricInterpretation = photometric
    return ds


def ultrasound_film(study: str, *, frames: int = 6) -> Dataset:
    """A native RGB multi-frame US film with one calibrated region of 0.05 cm per pixel."""
    ds = image_object(study, "us-film", 1)
    ds.SOPClassUID = UltrasoundMultiFrameImageStorage
    ds.Modality = "US"
    ds.SeriesDescription = "心エコー"
    film = np.zeros((frames, 120, 160, 3), dtype=np.uint8)
    for index in range(frames):
        film[index, 20:100, 20:140, 0] = 60 + 30 * index
        film[index, 40:80, 60:100] = (40, 200, 90)
    ds.Rows, ds.Columns, ds.NumberOfFrames = 120, 160, frames
    ds.SamplesPerPixel, ds.PlanarConfiguration = 3, 0
    ds.PhotometricInterpretation = "RGB"
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = film.tobytes()
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 159, 119
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    ds.SequenceOfUltrasoundRegions = [region]
    return ds


def sample(study: str, name: str) -> Dataset:
    """One of pydicom's own sample files, pixels untouched, moved to this study and patient."""
    path = get_testdata_file(f"{name}.dcm", download=False)
    if not isinstance(path, str):
        raise FileNotFoundError(name)
    ds = dcmread(path)
    ds.SeriesDescription = name
    label(ds, study, f"sample-{name}", 1, MIHON)
    return ds


def image_object(study: str, series: str, index: int, *, person: Person = MIHON) -> Dataset:
    """An object with identity but without pixels yet."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    label(ds, study, series, index, person)
    return ds


def label(ds: Dataset, study: str, series: str, index: int, person: Person) -> None:
    """Give the object its patient, study, series and instance."""
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = person.name, person.patient_id
    ds.PatientBirthDate = person.birth_date
    ds.StudyInstanceUID = study
    ds.StudyDate, ds.StudyDescription = "20261120", "胸部CT"
    ds.SeriesInstanceUID = uid(f"{study}/{series}")
    ds.SeriesNumber = 1
    ds.SOPInstanceUID = uid(f"{study}/{series}/{index}")
    ds.InstanceNumber = index


def set_pixels(ds: Dataset, pixels: np.ndarray, *, signed: bool) -> None:
    """Attach 16-bit monochrome pixels."""
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = int(signed)
    ds.PixelData = pixels.astype("<i2" if signed else "<u2").tobytes()
