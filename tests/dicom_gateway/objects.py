"""DICOM objects for tests: real ones from the pydicom package, and small made ones."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydicom import Dataset, FileDataset, dcmread
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def sample(name: str) -> FileDataset:
    """One of pydicom's own test objects."""
    path = get_testdata_file(name)
    assert isinstance(path, str), f"pydicom has no {name}"
    return dcmread(path)


def charset_sample(name: str, number: int = 1) -> FileDataset:
    """One of pydicom's character set objects, with the identifiers those lack."""
    data_set = dcmread(next(path for path in get_charset_files(name)))
    data_set.StudyInstanceUID = f"1.2.3.{number}"
    data_set.SeriesInstanceUID = f"1.2.3.{number}.1"
    data_set.SOPInstanceUID = f"1.2.3.{number}.1.1"
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    return data_set


def ct(study: str = "1.2.3.4", number: int = 1, **changes: Any) -> Dataset:
    """A small made CT slice; keyword attributes replace its own."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID = CTImageStorage
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = study, f"{study}.1"
    data_set.SOPInstanceUID = f"{study}.1.{number}"
    data_set.PatientID, data_set.PatientName = "A-1", "Mihon^Tarou"
    data_set.StudyDate, data_set.StudyTime = "20260701", "101500"
    data_set.StudyDescription, data_set.Modality = "Chest", "CT"
    data_set.AccessionNumber, data_set.StudyID = "ACC1", "1"
    data_set.SeriesNumber, data_set.InstanceNumber = 1, number
    data_set.Rows = data_set.Columns = 16
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.BitsAllocated = data_set.BitsStored = 16
    data_set.HighBit, data_set.PixelRepresentation = 15, 1
    rng = np.random.default_rng(number)
    data_set.PixelData = rng.integers(-1000, 1000, (16, 16)).astype("<i2").tobytes()
    for keyword, value in changes.items():
        setattr(data_set, keyword, value)
    return data_set


def fresh_uid() -> str:
    """An identifier nobody has."""
    return str(generate_uid())


def encode(data_set: Dataset) -> bytes:
    """The data set alone, as it travels in a C-STORE in its own transfer syntax."""
    uid = data_set.file_meta.TransferSyntaxUID
    bare = Dataset(data_set)
    buffer = io.BytesIO()
    bare.save_as(buffer, implicit_vr=uid.is_implicit_VR, little_endian=uid.is_little_endian)
    return buffer.getvalue()
