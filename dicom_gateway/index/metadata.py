"""Series metadata as one ready answer, rebuilt when the series has changed and come to rest."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select

from dicom_gateway import clock
from dicom_gateway.crypto import digest
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Instance, Series, SeriesMetadata, StoredObject, Study

_GZIP_LEVEL: Final = 5


@dataclass(frozen=True)
class Prepared:
    """One metadata answer (``application/dicom+json``) in both forms."""

    etag: str
    plain: bytes
    gzipped: bytes


def series_metadata(connection: Connection, study: str, series: str) -> Prepared | None:
    """The stored answer if it is of the series' present revision, else one made now.

    Returns:
        ``None`` when this study has no such series.
    """
    row = connection.execute(_STORED, {"study": study, "series": series}).one_or_none()
    if row is None:
        return None
    if row[0] == row[1]:
        return Prepared(row[2], row[3], row[4])
    return _build(connection, study, series)


_STORED: Final = (
    select(
        Series.revision,
        SeriesMetadata.revision,
        SeriesMetadata.etag,
        SeriesMetadata.plain,
        SeriesMetadata.gzipped,
    )
    .outerjoin(SeriesMetadata, SeriesMetadata.series_instance_uid == Series.series_instance_uid)
    .where(
        Series.study_instance_uid == bindparam("study"),
        Series.series_instance_uid == bindparam("series"),
    )
)


def _build(connection: Connection, study: str, series: str) -> Prepared:
    lines = connection.scalars(
        select(Instance.metadata_json)
        .join(StoredObject, StoredObject.id == Instance.object_id)
        .where(
            StoredObject.study_instance_uid == study,
            StoredObject.series_instance_uid == series,
            StoredObject.state == "indexed",
        )
        .order_by(Instance.instance_number, Instance.object_id)
    ).all()
    plain = ("[" + ",".join(lines) + "]").encode()
    etag = f'"{digest(plain).hex()}"'
    return Prepared(etag, plain, gzip.compress(plain, _GZIP_LEVEL, mtime=0))


def prepare_settled(engine: Engine, *, settle_seconds: float) -> int:
    """Store the answers of all series whose study has been quiet.

    Returns:
        how many answers were made.
    """
    before = clock.now().timestamp() - settle_seconds
    with reading(engine) as connection:
        stale = connection.execute(
            select(Series.series_instance_uid, Series.study_instance_uid, Series.revision)
            .join(Study, Study.study_instance_uid == Series.study_instance_uid)
            .outerjoin(
                SeriesMetadata, SeriesMetadata.series_instance_uid == Series.series_instance_uid
            )
            .where(
                Study.changed_at <= before,
                SeriesMetadata.revision.is_distinct_from(Series.revision),
            )
            .limit(20)
        ).all()
        made = [(row, _build(connection, row[1], row[0])) for row in stale]
    for row, answer in made:
        with engine.begin() as connection:
            _store(connection, row, answer)
    return len(made)


def _store(connection: Connection, row: Any, answer: Prepared) -> None:
    connection.execute(
        delete(SeriesMetadata).where(SeriesMetadata.series_instance_uid == row.series_instance_uid)
    )
    connection.execute(
        insert(SeriesMetadata).values(
            series_instance_uid=row.series_instance_uid,
            revision=row.revision,
            etag=answer.etag,
            plain=answer.plain,
            gzipped=answer.gzipped,
        )
    )
