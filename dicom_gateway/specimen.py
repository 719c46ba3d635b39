"""The synthetic object of a self-check: of no patient, never announced, removed again.

Wire contract: ``config/wire/gateway-check.schema.json`` names its study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from sqlalchemy import Engine, delete, select

from dicom_gateway import clock
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import (
    Instance,
    ReadAccess,
    Series,
    SeriesMetadata,
    SetAside,
    StoredObject,
    Study,
)

if TYPE_CHECKING:
    from dicom_gateway.blobs import Blobs

CHECK_ROOT: Final = "2.25.24439216018267611615911225336904105755"
CHECK_STUDY: Final = f"{CHECK_ROOT}.1"
CHECK_SERIES: Final = f"{CHECK_STUDY}.1"
MICROSECONDS: Final = 1_000_000
_EDGE: Final = 16


def specimen() -> Dataset:
    """A secondary capture of 16 × 16 bytes (PS3.3 A.8), new at every call."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID = SecondaryCaptureImageStorage
    data_set.SOPInstanceUID = f"{CHECK_SERIES}.{int(clock.now().timestamp() * MICROSECONDS)}"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = CHECK_STUDY, CHECK_SERIES
    data_set.PatientID, data_set.PatientName = "TSUNAGU-CHECK", "CHECK^TSUNAGU"
    data_set.StudyDate, data_set.StudyTime, data_set.Modality = "20000101", "000000", "OT"
    data_set.AccessionNumber, data_set.StudyID = "", "CHECK"
    data_set.PatientBirthDate = data_set.PatientSex = data_set.ReferringPhysicianName = ""
    data_set.SeriesNumber = data_set.InstanceNumber = 1
    data_set.ConversionType = "SYN"
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.Rows = data_set.Columns = _EDGE
    data_set.BitsAllocated = data_set.BitsStored = 8
    data_set.HighBit, data_set.PixelRepresentation = 7, 0
    data_set.PixelData = bytes(range(_EDGE * _EDGE))
    return data_set


def is_being_listed(engine: Engine) -> bool:
    """Whether the worker still has to list one."""
    waiting = (StoredObject.study_instance_uid == CHECK_STUDY, StoredObject.state == "stored")
    with reading(engine) as connection:
        return connection.scalar(select(StoredObject.id).where(*waiting).limit(1)) is not None


def remove_specimens(engine: Engine, store: Blobs) -> int:
    """Take every object of the check's study out of index and store.

    Returns:
        how many objects there were.
    """
    ours = StoredObject.study_instance_uid == CHECK_STUDY
    with reading(engine) as connection:
        rows = connection.execute(
            select(StoredObject.id, StoredObject.sop_instance_uid, StoredObject.file_name).where(
                ours
            )
        ).all()
        aside = connection.scalars(
            select(SetAside.file_name).where(SetAside.sop_instance_uid.startswith(CHECK_ROOT))
        ).all()
    with engine.begin() as connection:
        for statement in (
            delete(Instance).where(Instance.object_id.in_([row.id for row in rows])),
            delete(SetAside).where(SetAside.sop_instance_uid.startswith(CHECK_ROOT)),
            delete(StoredObject).where(ours),
            delete(SeriesMetadata).where(SeriesMetadata.series_instance_uid == CHECK_SERIES),
            delete(Series).where(Series.study_instance_uid == CHECK_STUDY),
            delete(Study).where(Study.study_instance_uid == CHECK_STUDY),
            delete(ReadAccess).where(ReadAccess.study_instance_uid == CHECK_STUDY),
        ):
            connection.execute(statement)
    for name in [*(row.file_name for row in rows), *aside]:
        store.remove(name)
    return len(rows)
