"""Where listed instances lie, in the order in which they are sent."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from dicom_gateway.frames import FrameTable
from dicom_gateway.index.models import Instance, StoredObject


@dataclass(frozen=True)
class Located:
    """Where one listed instance lies and how its frames are cut."""

    sop_instance_uid: str
    file_name: str
    size: int
    transfer_syntax_uid: str
    frames: FrameTable
    series_instance_uid: str


class WholeObject(NamedTuple):
    """A listed instance as a whole: no more than sending it needs, for a study has thousands."""

    file_name: str
    size: int
    transfer_syntax_uid: str


def located(
    connection: Connection, study: str, series: str | None, sop_uid: str | None
) -> list[Located]:
    """Listed instances with their places, in the order in which they are sent."""
    columns = (
        StoredObject.sop_instance_uid,
        StoredObject.file_name,
        StoredObject.size,
        StoredObject.transfer_syntax_uid,
        StoredObject.frame_count,
        StoredObject.frame_table,
        StoredObject.encapsulated,
        StoredObject.series_instance_uid,
    )
    ordered = _in_sending_order(select(*columns), study, series, sop_uid)
    return [
        Located(
            row[0], row[1], row[2], row[3], FrameTable(row[4], row[5], encapsulated=row[6]), row[7]
        )
        for row in connection.execute(ordered)
    ]


def whole_objects(
    connection: Connection, study: str, series: str | None, sop_uid: str | None
) -> list[WholeObject]:
    """Listed instances in the order in which they are sent; equal syntaxes are one text."""
    columns = (StoredObject.file_name, StoredObject.size, StoredObject.transfer_syntax_uid)
    rows = connection.execute(_in_sending_order(select(*columns), study, series, sop_uid))
    return [WholeObject(name, size, sys.intern(syntax)) for name, size, syntax in rows]


def _in_sending_order(
    statement: Any, study: str, series: str | None, sop_uid: str | None
) -> Select[Any]:
    found = listed(statement, study, series)
    if sop_uid is not None:
        found = found.where(StoredObject.sop_instance_uid == sop_uid)
    ordered: Select[Any] = found.order_by(
        StoredObject.series_instance_uid, Instance.instance_number, Instance.object_id
    )
    return ordered


def listed(statement: Any, study: str, series: str | None) -> Select[Any]:
    """The statement over listed instances of a study, or of one of its series."""
    joined: Select[Any] = (
        statement.select_from(Instance)
        .join(StoredObject, StoredObject.id == Instance.object_id)
        .where(StoredObject.study_instance_uid == study, StoredObject.state == "indexed")
    )
    if series is None:
        return joined
    return joined.where(StoredObject.series_instance_uid == series)
