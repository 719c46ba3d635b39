"""Where listed instances lie, in the order in which they are sent."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Select, bindparam, select

from dicom_gateway.errors import BlobMissing
from dicom_gateway.frames import FrameTable
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Instance, StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE: Final = 128


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
    """A listed instance as a whole."""

    file_name: str
    size: int
    transfer_syntax_uid: str


class Volume(NamedTuple):
    """How many objects of one transfer syntax there are, and their bytes together."""

    transfer_syntax_uid: str
    objects: int
    size: int


@dataclass(frozen=True)
class Whole:
    """Listed instances that are to be sent, in order: eight bytes for each, for a study has
    thousands and its reader may stall."""

    object_ids: array[int]
    volumes: tuple[Volume, ...]


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


def whole_of(connection: Connection, study: str, series: str | None, sop_uid: str | None) -> Whole:
    """What stands under these identifiers."""
    columns = (StoredObject.id, StoredObject.size, StoredObject.transfer_syntax_uid)
    statement = _in_sending_order(select(*columns), study, series, sop_uid)
    ids = array("q")
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for object_id, size, syntax in connection.execute(statement):
        ids.append(object_id)
        counts[syntax] += 1
        sizes[syntax] += size
    return Whole(ids, tuple(Volume(syntax, counts[syntax], sizes[syntax]) for syntax in counts))


def whole_objects(engine: Engine, object_ids: array[int]) -> Iterator[WholeObject]:
    """These objects one after the other; no connection is held while one is sent.

    Raises:
        BlobMissing: one is not listed any more.
    """
    for start in range(0, len(object_ids), _PAGE):
        page = object_ids[start : start + _PAGE].tolist()
        with reading(engine) as connection:
            rows = connection.execute(_BY_ID, {"ids": page}).all()
        found = {row[0]: WholeObject(*row[1:]) for row in rows}
        for object_id in page:
            if object_id not in found:
                raise BlobMissing("stored object is not listed any more")
            yield found[object_id]


_BY_ID: Final = select(
    StoredObject.id, StoredObject.file_name, StoredObject.size, StoredObject.transfer_syntax_uid
).where(StoredObject.id.in_(bindparam("ids", expanding=True)))


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
