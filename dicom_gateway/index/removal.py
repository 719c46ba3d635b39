"""Taking objects out of lists again, with all that was derived from them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import delete, or_, select, update

from dicom_gateway.index.merging import refresh
from dicom_gateway.index.models import Instance, NameTerm, Series, SeriesMetadata, Study
from dicom_gateway.index.name_search import NAME_GROUPS, suffixes

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Table

_STUDIES: Final = cast("Table", Study.__table__)
_NAMES: Final = tuple(_STUDIES.c[name] for name in NAME_GROUPS)


def unlist(connection: Connection, objects: Collection[int]) -> None:
    """Remove these objects' instances; series and studies left empty go too, names with them."""
    rows = connection.execute(
        select(Instance.series_instance_uid).where(Instance.object_id.in_(objects))
    )
    shrunk = Counter(row[0] for row in rows)
    connection.execute(delete(Instance).where(Instance.object_id.in_(objects)))
    for series, count in shrunk.items():
        connection.execute(
            update(Series)
            .where(Series.series_instance_uid == series)
            .values(instance_count=Series.instance_count - count, revision=Series.revision + 1)
        )
    studies = set(
        connection.scalars(
            select(Series.study_instance_uid).where(Series.series_instance_uid.in_(shrunk))
        )
    )
    _drop_empty_series(connection, set(shrunk))
    left = set(
        connection.scalars(
            select(Series.study_instance_uid).where(Series.study_instance_uid.in_(studies))
        )
    )
    _drop_studies(connection, studies - left)
    if left:
        refresh(connection, left)


def _drop_empty_series(connection: Connection, candidates: set[str]) -> None:
    empty = set(
        connection.scalars(
            select(Series.series_instance_uid).where(
                Series.series_instance_uid.in_(candidates), Series.instance_count <= 0
            )
        )
    )
    for table in (SeriesMetadata, Series):
        connection.execute(delete(table).where(table.series_instance_uid.in_(empty)))


def _drop_studies(connection: Connection, studies: set[str]) -> None:
    is_one: Any = _STUDIES.c.study_instance_uid.in_(studies)
    rows = connection.execute(select(*_NAMES).where(is_one)).all()
    connection.execute(delete(_STUDIES).where(is_one))
    for name in {name for row in rows for name in row if name}:
        still = select(_STUDIES.c.study_instance_uid).where(or_(*(one == name for one in _NAMES)))
        if connection.scalar(still.limit(1)) is None:
            connection.execute(
                delete(NameTerm).where(NameTerm.suffix.in_(suffixes(name)), NameTerm.term == name)
            )
