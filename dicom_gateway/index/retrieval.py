"""Which stored objects a retrieve request, a commitment or a push means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from dicom_gateway.index.models import Instance, StoredObject, Study


@dataclass(frozen=True)
class Selection:
    """Identifiers that must all fit; an empty tuple means any. At least one is given."""

    patient_ids: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredFile:
    """One listed object as it lies on disk. ``file_name`` is the store's."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    file_name: str


def selected_files(connection: Connection, selection: Selection) -> list[StoredFile]:
    """The listed objects that fit, in the order of series and instance numbers."""
    statement: Any = (
        select(
            StoredObject.sop_class_uid,
            StoredObject.sop_instance_uid,
            StoredObject.transfer_syntax_uid,
            StoredObject.file_name,
        )
        .join(Instance, Instance.object_id == StoredObject.id)
        .where(StoredObject.state == "indexed")
    )
    if selection.patient_ids:
        statement = statement.join(
            Study, Study.study_instance_uid == StoredObject.study_instance_uid
        ).where(Study.patient_id.in_(selection.patient_ids))
    for column, wanted in (
        (StoredObject.study_instance_uid, selection.studies),
        (StoredObject.series_instance_uid, selection.series),
        (StoredObject.sop_instance_uid, selection.instances),
    ):
        if wanted:
            statement = statement.where(column.in_(wanted))
    ordered = statement.order_by(
        StoredObject.study_instance_uid,
        StoredObject.series_instance_uid,
        Instance.instance_number,
        Instance.object_id,
    )
    return [StoredFile(*row) for row in connection.execute(ordered)]
