"""From stored to listed: renders each acknowledged object, keeps its study and series current.

The state of an object is a row, so this may be killed at any point and goes on where it was.
Rendering happens before the transaction: a writer holds the index only for the inserts.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydicom import dcmread
from sqlalchemy import Engine, Row, select

from dicom_gateway import clock
from dicom_gateway.dicomjson import PIXEL_DATA, Rendered, bulk_reference, join, render
from dicom_gateway.errors import BlobUnreachable
from dicom_gateway.index import listing
from dicom_gateway.index.engine import reading
from dicom_gateway.index.merging import Prepared, merge
from dicom_gateway.index.models import StoredObject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dicom_gateway.blobs import Blobs

log = structlog.get_logger()

BATCH: Final = 64
LONGEST_WAIT_SECONDS: Final = 10.0
SERVICE_PATH: Final = "/dicom-web"


def index_waiting(engine: Engine, store: Blobs, *, calm_seconds: float = 0.0) -> int:
    """List up to one batch of stored objects, oldest first.

    While objects keep coming closer than ``calm_seconds``, listing gives way to receiving, for ten
    seconds at most.

    Returns:
        how many objects were taken up; 0 when none waits.

    Raises:
        BlobUnreachable: some wait, and none of them can be read now.
    """
    with reading(engine) as connection:
        rows = connection.execute(
            select(StoredObject.__table__)
            .where(StoredObject.state == "stored")
            .order_by(StoredObject.id)
            .limit(BATCH)
        ).all()
    if not rows or _still_coming(rows, calm_seconds):
        return 0
    prepared = [one for row in rows if (one := _prepare(row, store)) is not None]
    if not prepared:
        raise BlobUnreachable("what waits to be listed lies in a bucket that is away")
    with engine.begin() as connection:
        merge(connection, prepared)
    return len(prepared)


def _still_coming(rows: Sequence[Row[Any]], calm_seconds: float) -> bool:
    at = clock.now().timestamp()
    is_full = len(rows) == BATCH
    newest, oldest = rows[-1].received_at, rows[0].received_at
    if calm_seconds <= 0 or at - oldest >= LONGEST_WAIT_SECONDS:
        return False
    return is_full or at - newest < calm_seconds


def _prepare(row: Row[Any], store: Blobs) -> Prepared | None:
    """Read and render one object; ``None`` leaves it waiting, for the bucket is away.

    A process edge: one bad header must not stop the others.
    """
    path = (
        f"studies/{row.study_instance_uid}/series/{row.series_instance_uid}"
        f"/instances/{row.sop_instance_uid}"
    )
    try:
        rendered = _render_file(store.path(row.file_name), f"{SERVICE_PATH}/{path}", row)
    except BlobUnreachable as error:
        log.info("object waits to be listed", object_id=row.id, code=error.code)
        return None
    except Exception as error:  # noqa: BLE001 - edge of the worker loop
        log.warning("object cannot be listed", object_id=row.id, kind=type(error).__name__)
        return Prepared(row, None)
    line = listing.instance_listing(rendered, path, row.transfer_syntax_uid)
    return Prepared(row, rendered, line, join(rendered.attributes))


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
