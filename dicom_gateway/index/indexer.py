"""From stored to listed: renders each acknowledged object, keeps its study and series current.

The state of an object is a row, so this may be killed at any point and goes on where it was.
Rendering happens before the transaction: a writer holds the index only for the inserts.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydicom import dcmread
from sqlalchemy import Connection, Engine, Row, insert, select, update

from dicom_gateway import clock
from dicom_gateway.dicomjson import PIXEL_DATA, Rendered, bulk_reference, join, render
from dicom_gateway.index import listing
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Instance, Series, StoredObject, Study

if TYPE_CHECKING:
    from pathlib import Path

    from dicom_gateway.storage import BlobStore

log = structlog.get_logger()

BATCH: Final = 48
SERVICE_PATH: Final = "/dicom-web"


@dataclass(frozen=True)
class _Prepared:
    """One object ready to be listed; ``rendered`` is ``None`` when its header cannot be read."""

    row: Row[Any]
    rendered: Rendered | None
    listing: str = ""
    metadata: str = ""


def index_waiting(engine: Engine, store: BlobStore) -> int:
    """List up to one batch of stored objects, oldest first.

    Returns:
        how many objects were taken up; 0 when none waits.
    """
    with reading(engine) as connection:
        rows = connection.execute(
            select(StoredObject.__table__)
            .where(StoredObject.state == "stored")
            .order_by(StoredObject.id)
            .limit(BATCH)
        ).all()
    if not rows:
        return 0
    prepared = [_prepare(row, store) for row in rows]
    with engine.begin() as connection:
        for one in prepared:
            _take_up(connection, one)
        for study in {one.row.study_instance_uid for one in prepared}:
            _refresh(connection, study)
    return len(rows)


def _prepare(row: Row[Any], store: BlobStore) -> _Prepared:
    """Read and render one object. A process edge: one bad header must not stop the others."""
    path = (
        f"studies/{row.study_instance_uid}/series/{row.series_instance_uid}"
        f"/instances/{row.sop_instance_uid}"
    )
    try:
        rendered = _render_file(store.path(row.file_name), f"{SERVICE_PATH}/{path}", row)
    except Exception as error:  # noqa: BLE001 - edge of the worker loop
        log.warning("object cannot be listed", object_id=row.id, kind=type(error).__name__)
        return _Prepared(row, None)
    line = listing.instance_listing(rendered, path, row.transfer_syntax_uid)
    return _Prepared(row, rendered, line, join(rendered.attributes))


def _render_file(path: Path, address: str, row: Row[Any]) -> Rendered:
    def bulk_uri(tag: str) -> str:
        return f"{address}/bulkdata/{tag}"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = dcmread(path, stop_before_pixels=True)
    rendered = render(data_set, bulk_uri)
    if row.frame_count or row.encapsulated:
        key = f"{PIXEL_DATA:08X}"
        rendered.attributes[key] = bulk_reference("OW", bulk_uri(key))
    return rendered


def _take_up(connection: Connection, one: _Prepared) -> None:
    if one.rendered is None:
        _set_state(connection, one.row.id, "unreadable", "header")
        return
    conflict = _conflict(connection, one.row, one.rendered)
    if conflict:
        _set_state(connection, one.row.id, "set aside", conflict)
        return
    connection.execute(
        insert(Instance).values(
            object_id=one.row.id,
            series_instance_uid=one.row.series_instance_uid,
            instance_number=one.rendered.number("00200013"),
            listing=one.listing,
            metadata_json=one.metadata,
        )
    )
    _set_state(connection, one.row.id, "indexed", "")


def _set_state(connection: Connection, object_id: int, state: str, note: str) -> None:
    connection.execute(
        update(StoredObject).where(StoredObject.id == object_id).values(state=state, note=note)
    )


def _conflict(connection: Connection, row: Row[Any], rendered: Rendered) -> str:
    """Why the object must not be merged into the study it names; empty when it may.

    The first object makes its study and series. A later one that names another patient in the same
    study, or another study for the same series, is kept but not shown.
    """
    patient_id = rendered.text("00100020", 64)
    study = connection.execute(
        select(Study.patient_id).where(Study.study_instance_uid == row.study_instance_uid)
    ).one_or_none()
    if study is not None and study.patient_id != patient_id:
        return "another patient in this study"
    parent = connection.scalar(
        select(Series.study_instance_uid).where(
            Series.series_instance_uid == row.series_instance_uid
        )
    )
    if parent is not None and parent != row.study_instance_uid:
        return "another study for this series"
    if study is None:
        _add_study(connection, row.study_instance_uid, rendered)
    if parent is None:
        _add_series(connection, row, rendered)
    _count(connection, row)
    return ""


def _add_study(connection: Connection, uid: str, rendered: Rendered) -> None:
    names = listing.folded_names(rendered)
    connection.execute(
        insert(Study).values(
            study_instance_uid=uid,
            patient_id=rendered.text("00100020", 64),
            name_alphabetic=names.alphabetic,
            name_ideographic=names.ideographic,
            name_phonetic=names.phonetic,
            study_date=rendered.text("00080020", 8),
            accession_number=rendered.text("00080050", 64),
            description=rendered.text("00081030", 64),
            modalities="",
            text_uncertain=rendered.uncertain,
            attributes=listing.study_attributes(rendered),
            series_count=0,
            instance_count=0,
            listing="",
            changed_at=clock.now().timestamp(),
            revision=0,
            announced_revision=0,
        )
    )


def _add_series(connection: Connection, row: Row[Any], rendered: Rendered) -> None:
    connection.execute(
        insert(Series).values(
            series_instance_uid=row.series_instance_uid,
            study_instance_uid=row.study_instance_uid,
            modality=rendered.text("00080060", 16),
            series_number=rendered.number("00200011"),
            attributes=listing.series_attributes(rendered),
            instance_count=0,
            listing="",
            revision=0,
        )
    )
    connection.execute(
        update(Study)
        .where(Study.study_instance_uid == row.study_instance_uid)
        .values(series_count=Study.series_count + 1)
    )


def _count(connection: Connection, row: Row[Any]) -> None:
    connection.execute(
        update(Series)
        .where(Series.series_instance_uid == row.series_instance_uid)
        .values(instance_count=Series.instance_count + 1, revision=Series.revision + 1)
    )
    connection.execute(
        update(Study)
        .where(Study.study_instance_uid == row.study_instance_uid)
        .values(
            instance_count=Study.instance_count + 1,
            revision=Study.revision + 1,
            changed_at=clock.now().timestamp(),
        )
    )


def _refresh(connection: Connection, study_uid: str) -> None:
    """Write the lines of the study and its series anew, with their counts."""
    series = connection.execute(
        select(
            Series.series_instance_uid, Series.modality, Series.attributes, Series.instance_count
        ).where(Series.study_instance_uid == study_uid)
    ).all()
    for one in series:
        line = listing.series_listing(
            one.attributes, study_uid, one.series_instance_uid, one.instance_count
        )
        connection.execute(
            update(Series)
            .where(Series.series_instance_uid == one.series_instance_uid)
            .values(listing=line)
        )
    study = connection.execute(
        select(Study.attributes, Study.series_count, Study.instance_count).where(
            Study.study_instance_uid == study_uid
        )
    ).one_or_none()
    if study is None:
        return
    modalities = sorted({one.modality for one in series if one.modality})
    counts = (study.series_count, study.instance_count)
    line = listing.study_listing(study.attributes, study_uid, modalities, counts)
    connection.execute(
        update(Study)
        .where(Study.study_instance_uid == study_uid)
        .values(listing=line, modalities="\\" + "".join(f"{name}\\" for name in modalities))
    )
