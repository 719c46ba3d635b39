"""Studies that need not be kept here any longer: copies of what the hospital's PACS holds.

Only the gateway's copy goes; nothing is asked of the PACS. What may exist here alone stays: studies
from media, with objects aside, or not yet announced. So does what was read lately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from sqlalchemy import case, delete, exists, func, select

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
GIGABYTE: Final = 1000**3
IN_USE_SECONDS: Final = 3600.0
"""A study that came, grew or was read within this time is in use, however full it is."""
AT_ONCE: Final = 500
_OBJECTS: Final = cast("Table", StoredObject.__table__)


@dataclass(frozen=True)
class Retention:
    """Forgets, again and again, what is older than ``keep_days``, and what is too much for
    ``keep_bytes``; either may be 0, for no limit."""

    engine: Engine
    store: Blobs
    made: Representations
    keep_days: int
    keep_bytes: int = 0

    def expire_due(self) -> int:
        """Returns how many objects went."""
        now, gone = clock.now().timestamp(), 0
        if self.keep_days:
            before = now - self.keep_days * DAY_SECONDS
            gone += expire(self.engine, self.store, self.made, before=before)[1]
        if self.keep_bytes:
            before = now - IN_USE_SECONDS
            gone += self.expire_excess(before=before)[1]
        return gone

    def expire_excess(self, *, before: float) -> tuple[int, int]:
        """Forget studies, the longest unused first, until no more than ``keep_bytes`` are kept.

        Used is what has changed or been read. What may not go, or was used since ``before`` (Unix
        seconds), stays, even if more is kept then.

        Returns:
            (studies, objects) forgotten.
        """
        with reading(self.engine) as connection:
            kept = int(connection.scalar(select(func.sum(StoredObject.size))) or 0)
            if kept <= self.keep_bytes:
                return 0, 0
            studies = _longest_unused(connection, before)
        gone = objects = 0
        for uid in studies:
            if kept <= self.keep_bytes:
                break
            files = _forget_study(self.engine, self.store, self.made, uid, before)
            kept -= sum(size for _, size in files)
            gone += bool(files)
            objects += len(files)
        if gone:
            log.info("studies expired to keep room", studies=gone, objects=objects)
        return gone, objects


def _longest_unused(connection: Connection, before: float) -> list[str]:
    read = (
        select(ReadAccess.study_instance_uid, func.max(ReadAccess.last_at).label("last_at"))
        .group_by(ReadAccess.study_instance_uid)
        .subquery()
    )
    used_at = case((read.c.last_at > Study.changed_at, read.c.last_at), else_=Study.changed_at)
    rows = (
        select(Study.study_instance_uid)
        .outerjoin(read, read.c.study_instance_uid == Study.study_instance_uid)
        .where(*_may_go(before))
    )
    return list(connection.scalars(rows.order_by(used_at).limit(AT_ONCE)))


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
        files = _forget_study(engine, store, made, uid, before)
        gone += bool(files)
        objects += len(files)
        progress(objects)
    if gone:
        log.info("studies expired", studies=gone, objects=objects)
    return gone, objects


def _forget_study(
    engine: Engine, store: Blobs, made: Representations, uid: str, before: float
) -> list[tuple[str, int]]:
    """(name, bytes) of each file that went; none when the study is in use again."""
    with engine.begin() as connection:
        files = _forget(connection, uid, before)
    for name, _ in files:
        store.remove(name)
        made.remove(name)
    return files


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


def _forget(connection: Connection, uid: str, before: float) -> list[tuple[str, int]]:
    """The files of the study and their sizes, if it may still go."""
    still = select(func.count()).where(Study.study_instance_uid == uid, *_may_go(before))
    if not connection.scalar(still):
        return []
    rows = connection.execute(
        select(_OBJECTS.c.id, _OBJECTS.c.file_name, _OBJECTS.c.size).where(
            _OBJECTS.c.study_instance_uid == uid
        )
    ).all()
    for start in range(0, len(rows), 500):
        piece = [row.id for row in rows[start : start + 500]]
        unlist(connection, piece)
        connection.execute(delete(_OBJECTS).where(_OBJECTS.c.id.in_(piece)))
    return [(row.file_name, row.size) for row in rows]
