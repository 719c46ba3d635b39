"""Studies to measure with: made chest CTs, and one-slice studies that only fill the index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from simulators.modality.people import OTHERS_AT_A, TARO_AT_A, TARO_AT_A_EARLIER
from simulators.modality.phantom import Phantom
from simulators.modality.studies import GeneratedCt, StudyPlan

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = (TARO_AT_A, TARO_AT_A_EARLIER, *OTHERS_AT_A)
TEMPLATE_SLICES = 40
PIXEL_BYTES = 512 * 512 * 2
ORIGINAL_LABEL = 498
_ROOT = re.compile(rb"(?<=1\.2\.826\.0\.1\.3680043\.8\.)\d{3}(?=\.)")


@dataclass(frozen=True)
class Workload:
    """What was written to disk. ``folders`` hold one CT study each."""

    folders: list[Path]
    filler: Path
    first: Path
    studies: list[str]
    filler_studies: list[str]
    slices: int
    series_file: Path
    object_bytes: int


def make(folder: Path, *, slices: int, studies: int, fillers: int) -> Workload:
    """Write everything below ``folder``; identifiers depend on the numbers only."""
    plans = [plan(f"bench-ct-{number}", number) for number in range(studies)]
    folders = [write_ct(folder / "ct" / f"{n:02d}", one, slices) for n, one in enumerate(plans)]
    filler, first = folder / "filler", folder / "first"
    write_filler(first, fillers)
    filler_uids = [write_filler(filler, number) for number in range(fillers)]
    files = sorted(folders[0].glob("*.dcm"))
    series_file = folder / "series.bin"
    series_file.write_bytes(b"".join(file.read_bytes() for file in files))
    uids = [one.study_instance_uid for one in plans]
    size = files[0].stat().st_size
    return Workload(folders, filler, first, uids, filler_uids, slices, series_file, size)


def plan(key: str, number: int) -> StudyPlan:
    """One fictional study."""
    day = f"2026{1 + number % 12:02d}{1 + number % 28:02d}"
    return StudyPlan(key, PEOPLE[number % len(PEOPLE)], day, "101500", "Bench", "BENCH")


def write_ct(folder: Path, one: StudyPlan, slices: int) -> Path:
    """A CT study as files. Anatomy repeats beyond the phantom's length; noise pixels differ."""
    folder.mkdir(parents=True)
    template = list(GeneratedCt(one, Phantom(), min(slices, TEMPLATE_SLICES)))
    for number in range(1, slices + 1):
        data_set = template[(number - 1) % len(template)]
        one.label(data_set, 1, number)
        data_set.ImagePositionPatient[2] = -3.0 * (number - 1)
        data_set.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
    return folder


def write_filler(folder: Path, number: int) -> str:
    """One study of one tiny slice; returns its identifier."""
    folder.mkdir(parents=True, exist_ok=True)
    one = plan(f"bench-filler-{number}", number)
    data_set = made_slice(8)
    one.label(data_set, 1, 1)
    data_set.save_as(folder / f"{number:06d}.dcm", enforce_file_format=True)
    return one.study_instance_uid


def made_slice(side: int) -> Dataset:
    """A black square CT slice without identifiers."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.MediaStorageSOPClassUID = CTImageStorage
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID, data_set.Modality = CTImageStorage, "CT"
    data_set.Rows = data_set.Columns = side
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.BitsAllocated = data_set.BitsStored = 16
    data_set.HighBit, data_set.PixelRepresentation = 15, 1
    data_set.PixelData = np.zeros((side, side), "<i2").tobytes()
    return data_set


def relabelled(folders: list[Path], label: int, place: Path) -> list[Path]:
    """Other objects made of these, in ``place``: three digits in the root of all their identifiers
    differ. ``ORIGINAL_LABEL`` gives those they were made with."""
    digits = b"%03d" % label
    made = [place / folder.name for folder in folders]
    for source, target in zip(folders, made, strict=True):
        target.mkdir(exist_ok=True)
        for file in source.glob("*.dcm"):
            whole = file.read_bytes()
            head = len(whole) - PIXEL_BYTES
            (target / file.name).write_bytes(_ROOT.sub(digits, whole[:head]) + whole[head:])
    return made
