"""Reads for DICOMweb. Every list starts from the studies the token names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

from dicom_gateway.frames import FrameTable
from dicom_gateway.index.models import Instance, Series, StoredObject, Study
from dicom_gateway.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

_ESCAPE: Final = "!"


@dataclass(frozen=True)
class StudyQuery:
    """Match keys of a study search; ``None`` or empty means any."""

    study_instance_uids: tuple[str, ...] = ()
    patient_id: str | None = None
    patient_name: str | None = None
    accession_number: str | None = None
    modality: str | None = None
    study_date: tuple[str, str] | None = None


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    offset: int


@dataclass(frozen=True)
class Located:
    """Where one listed instance lies and how its frames are cut."""

    sop_instance_uid: str
    file_name: str
    size: int
    transfer_syntax_uid: str
    frames: FrameTable


def study_lines(
    connection: Connection, visible: Iterable[str], query: StudyQuery, page: Page
) -> list[str]:
    """Listing texts of the visible studies that match, newest first."""
    statement = select(Study.listing).where(Study.study_instance_uid.in_(sorted(visible)))
    if query.study_instance_uids:
        statement = statement.where(Study.study_instance_uid.in_(query.study_instance_uids))
    for condition in _conditions(query):
        statement = statement.where(condition)
    ordered = statement.order_by(Study.study_date.desc(), Study.study_instance_uid)
    return list(connection.scalars(_paged(ordered, page)))


def _conditions(query: StudyQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.patient_id is not None:
        found.append(_matches(Study.patient_id, query.patient_id))
    if query.accession_number is not None:
        found.append(_matches(Study.accession_number, query.accession_number))
    if query.modality is not None:
        found.append(_matches(Study.modalities, f"*\\{query.modality}\\*"))
    if query.study_date is not None:
        found.append(Study.study_date.between(*query.study_date))
    if query.patient_name is not None:
        found.append(_name_matches(query.patient_name))
    return found


def _matches(column: Any, pattern: str) -> ColumnElement[bool]:
    """DICOM wildcard matching (PS3.4 C.2.2.2.4): ``*`` any run, ``?`` one character."""
    if not set(pattern) & set("*?"):
        return column == pattern  # type: ignore[no-any-return]
    escaped = pattern.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    like = escaped.replace("*", "%").replace("?", "_")
    return column.like(like, escape=_ESCAPE)  # type: ignore[no-any-return]


def _name_matches(pattern: str) -> ColumnElement[bool]:
    """Against any component group, or group by group when the pattern holds ``=``."""
    columns = (Study.name_alphabetic, Study.name_ideographic, Study.name_phonetic)
    folded = fold(pattern)
    if "=" not in folded:
        return or_(*(_matches(column, folded) for column in columns))
    groups = folded.split("=")[:3]
    pairs = zip(columns, groups, strict=False)
    return and_(*(_matches(column, group) for column, group in pairs if group not in {"", "*"}))


def series_lines(
    connection: Connection, study: str, page: Page, series_uid: str | None, modality: str | None
) -> list[str]:
    """Listing texts of one study's series, by series number."""
    statement = select(Series.listing).where(Series.study_instance_uid == study)
    if series_uid is not None:
        statement = statement.where(Series.series_instance_uid == series_uid)
    if modality is not None:
        statement = statement.where(_matches(Series.modality, modality))
    ordered = statement.order_by(Series.series_number, Series.series_instance_uid)
    return list(connection.scalars(_paged(ordered, page)))


def instance_lines(
    connection: Connection, study: str, series: str | None, page: Page, sop_uid: str | None
) -> list[str]:
    """Listing texts of the instances of a series, or of a whole study."""
    statement = _listed(select(Instance.listing), study, series)
    if sop_uid is not None:
        statement = statement.where(StoredObject.sop_instance_uid == sop_uid)
    ordered = statement.order_by(
        StoredObject.series_instance_uid, Instance.instance_number, Instance.object_id
    )
    return list(connection.scalars(_paged(ordered, page)))


def metadata_lines(
    connection: Connection, study: str, series: str | None, sop_uid: str | None
) -> list[str]:
    """Whole headers as JSON texts, of a study, a series or one instance."""
    statement = _listed(select(Instance.metadata_json), study, series)
    if sop_uid is not None:
        statement = statement.where(StoredObject.sop_instance_uid == sop_uid)
    return list(
        connection.scalars(
            statement.order_by(StoredObject.series_instance_uid, Instance.instance_number)
        )
    )


def located(
    connection: Connection, study: str, series: str | None, sop_uid: str | None
) -> list[Located]:
    """Listed instances with their places, in the order in which they are sent."""
    statement = _listed(
        select(
            StoredObject.sop_instance_uid,
            StoredObject.file_name,
            StoredObject.size,
            StoredObject.transfer_syntax_uid,
            StoredObject.frame_count,
            StoredObject.frame_table,
            StoredObject.encapsulated,
        ),
        study,
        series,
    )
    if sop_uid is not None:
        statement = statement.where(StoredObject.sop_instance_uid == sop_uid)
    ordered = statement.order_by(
        StoredObject.series_instance_uid, Instance.instance_number, Instance.object_id
    )
    return [
        Located(row[0], row[1], row[2], row[3], FrameTable(row[4], row[5], encapsulated=row[6]))
        for row in connection.execute(ordered)
    ]


def has_study(connection: Connection, study: str) -> bool:
    """Whether a listed study of this identifier is here."""
    statement = select(Study.revision).where(Study.study_instance_uid == bindparam("study"))
    return connection.scalar(statement, {"study": study}) is not None


def has_series(connection: Connection, study: str, series: str) -> bool:
    """Whether this study has a listed series of this identifier."""
    statement = select(Series.revision).where(
        Series.study_instance_uid == study, Series.series_instance_uid == series
    )
    return connection.scalar(statement) is not None


def _listed(statement: Any, study: str, series: str | None) -> Select[Any]:
    joined: Select[Any] = (
        statement.select_from(Instance)
        .join(StoredObject, StoredObject.id == Instance.object_id)
        .where(StoredObject.study_instance_uid == study, StoredObject.state == "indexed")
    )
    if series is None:
        return joined
    return joined.where(StoredObject.series_instance_uid == series)


def _paged(statement: Select[Any], page: Page) -> Select[Any]:
    return statement.limit(page.limit).offset(page.offset)
