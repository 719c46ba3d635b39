"""Studies that need not be kept here any longer: copies of what the hospital's PACS holds.

Only the gateway's copy goes; nothing is asked of the PACS. What may exist here alone stays: studies
from media, with objects aside, or not yet announced. So does what was read lately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from sqlalchemy import delete, exists, func, select

from dicom_gateway import clock
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import ReadAccess, SetAside, StoredObject, Study
from dicom_gateway.index.removal import unlist
from dicom_gateway.media.objects import SENDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine, Table

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.representations import Representations

log = structlog.get_logger()

DAY_SECONDS: Final = 86_400.0
_OBJECTS: Final = cast("Table", StoredObject.__table__)


@dataclass(frozen=True)
class Retention:
    """Forgets, again and again, what is older than ``keep_days``."""

    engine: Engine
    store: Blobs
    made: Representations
    keep_days: int

    def expire_old(self) -> int:
        """Returns how many objects went."""
        before = clock.now().timestamp() - self.keep_days * DAY_SECONDS
        return expire(self.engine, self.store, self.made, before=before)[1]


def expire(
    engine: Engine,
    store: Blobs,
    made: Representations,
    *,
    before: float,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, int]:
    """Forget every study that has neither changed nor been read since ``before`` (Unix seconds).

    Rows go first, each study in one transaction, then its files; a kill in between leaves files
    that ``scrub`` names as unlisted. ``progress`` is told how many objects went so far.

    Returns:
        (studies, objects) forgotten.
    """
    with reading(engine) as connection:
        studies = connection.scalars(
            select(Study.study_instance_uid).where(*_may_go(before)).order_by(Study.changed_at)
        ).all()
    gone = objects = 0
    for uid in studies:
        with engine.begin() as connection:
            names = _forget(connection, uid, before)
        for name in names:
            store.remove(name)
            made.remove(name)
        gone += bool(names)
        objects += len(names)
        progress(objects)
    if gone:
        log.info("studies expired", studies=gone, objects=objects)
    return gone, objects


def _may_go(before: float) -> tuple[Any, ...]:
    of_study = StoredObject.study_instance_uid == Study.study_instance_uid
    only_here = exists().where(of_study, StoredObject.sender == SENDER)
    unsettled = exists().where(of_study, StoredObject.state != "indexed")
    variant = exists().where(of_study, SetAside.sop_instance_uid == StoredObject.sop_instance_uid)
    read_lately = exists().where(
        ReadAccess.study_instance_uid == Study.study_instance_uid, ReadAccess.last_at >= before
    )
    is_told = Study.announced_revision == Study.revision
    return (Study.changed_at < before, is_told, ~only_here, ~unsettled, ~variant, ~read_lately)


def _forget(connection: Connection, uid: str, before: float) -> list[str]:
    """The files of the study, if it may still go."""
    still = select(func.count()).where(Study.study_instance_uid == uid, *_may_go(before))
    if not connection.scalar(still):
        return []
    rows = connection.execute(
        select(_OBJECTS.c.id, _OBJECTS.c.file_name).where(_OBJECTS.c.study_instance_uid == uid)
    ).all()
    for start in range(0, len(rows), 500):
        piece = [row.id for row in rows[start : start + 500]]
        unlist(connection, piece)
        connection.execute(delete(_OBJECTS).where(_OBJECTS.c.id.in_(piece)))
    return [row.file_name for row in rows]
