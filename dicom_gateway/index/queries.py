"""Reads for DICOMweb. Every list starts from the studies the token names."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Select,
    String,
    any_,
    bindparam,
    func,
    select,
    tuple_,
)

from dicom_gateway.index.models import Instance, Series, StoredObject, Study
from dicom_gateway.index.name_search import candidates, matches, name_condition, name_pattern
from dicom_gateway.index.sending import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class StudyQuery:
    """Match keys of a study search; ``None`` or empty means any."""

    study_instance_uids: tuple[str, ...] = ()
    patient_id: str | None = None
    patient_name: str | None = None
    accession_number: str | None = None
    modality: str | None = None
    study_date: tuple[str, str] | None = None

    @property
    def has_values(self) -> bool:
        """Whether more is asked for than certain studies."""
        keys = (
            self.patient_id,
            self.patient_name,
            self.accession_number,
            self.modality,
            self.study_date,
        )
        return any(key is not None for key in keys)


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    offset: int


@dataclass(frozen=True)
class StudyKey:
    """Where a study stands in the order of lists: newest first, then by identifier downwards."""

    study_date: str
    study_instance_uid: str


def study_lines(
    connection: Connection,
    visible: Iterable[str] | None,
    query: StudyQuery,
    page: Page,
    after: StudyKey | None = None,
) -> list[str]:
    """Listing texts of the visible studies that match, newest first.

    ``visible`` is ``None`` for the hospital's own systems, which see every study; ``after`` is the
    key of the last study of the page before.
    """
    return [row.listing for row in study_rows(connection, visible, query, page, after)]


def study_rows(
    connection: Connection,
    visible: Iterable[str] | None,
    query: StudyQuery,
    page: Page,
    after: StudyKey | None = None,
) -> list[Any]:
    """The same as rows of (study_date, study_instance_uid, listing)."""
    values = _lists(connection.dialect.name, visible, query)
    if after is None and not query.has_values:
        statement = _newest(connection.dialect.name, tuple(values))
        return list(connection.execute(statement, {**values, **asdict(page)}).all())
    conditions = _conditions(connection.dialect.name, tuple(values), query)
    if query.patient_name is None:
        return _study_page(connection, conditions, page, after, values)
    pattern = name_pattern(query.patient_name)
    named = [*conditions, name_condition(pattern)]
    found = candidates(connection, pattern) if visible is None else None
    if found is None:
        return _study_page(connection, named, page, after, values)
    if conditions or not pattern.is_one:
        named.append(Study.study_instance_uid.in_(select(found.c.study_instance_uid)))
        return _study_page(connection, named, page, after, values)
    keys = _in_order(select(found.c.study_instance_uid), found.c, after)
    wanted = Study.study_instance_uid.in_(_paged(keys, page))
    return _study_page(connection, [wanted], Page(page.limit, 0), None)


def _study_page(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    page: Page,
    after: StudyKey | None,
    values: dict[str, Any] | None = None,
) -> list[Any]:
    ordered = _in_order(_STUDIES.where(*conditions), Study, after)
    return list(connection.execute(_paged(ordered, page), values).all())


_STUDIES: Final = select(Study.study_date, Study.study_instance_uid, Study.listing)


def _in_order(statement: Any, columns: Any, after: StudyKey | None) -> Any:
    """Newest first, behind the key of the page before."""
    if after is not None:
        key = tuple_(columns.study_date, columns.study_instance_uid)
        statement = statement.where(key < (after.study_date, after.study_instance_uid))
    return statement.order_by(columns.study_date.desc(), columns.study_instance_uid.desc())


def study_pages(
    connection: Connection, visible: Iterable[str] | None, query: StudyQuery, size: int
) -> Iterator[list[Any]]:
    """All that match as pages of rows of (study_date, study_instance_uid, listing); a page costs
    the same however deep it lies."""
    after: StudyKey | None = None
    while rows := study_rows(connection, visible, query, Page(size, 0), after):
        yield rows
        after = StudyKey(rows[-1].study_date, rows[-1].study_instance_uid)


@cache
def _among(dialect: str, name: str) -> ColumnElement[bool]:
    """One of the identifiers given under this name; a list of any length is one parameter."""
    if dialect == "postgresql":
        return Study.study_instance_uid == any_(bindparam(name, type_=ARRAY(String)))
    listed = func.json_each(bindparam(name, type_=String)).table_valued("value")
    return Study.study_instance_uid.in_(select(listed.c.value))


@cache
def _newest(dialect: str, names: tuple[str, ...]) -> Select[Any]:
    """The newest studies among the lists of these names: what a page of a viewer asks for first.

    Their keys are put in order before the lines are read: a third of the time of sorting the lines.
    """
    keys = select(Study.study_date, Study.study_instance_uid).where(
        *(_among(dialect, name) for name in names)
    )
    page = _in_order(keys, Study, None).limit(bindparam("limit")).offset(bindparam("offset"))
    first = page.subquery()
    rows = select(first.c.study_date, first.c.study_instance_uid, Study.listing).join(
        Study, Study.study_instance_uid == first.c.study_instance_uid
    )
    ordered: Select[Any] = _in_order(rows, first.c, None)
    return ordered


def _lists(dialect: str, visible: Iterable[str] | None, query: StudyQuery) -> dict[str, Any]:
    """The identifiers that limit a search, as the database takes them, by parameter name."""
    given = {"visible": visible, "asked": query.study_instance_uids or None}
    sets = {name: frozenset(uids) for name, uids in given.items() if uids is not None}
    if dialect == "postgresql":
        return {name: list(uids) for name, uids in sets.items()}
    return {name: _as_json(uids) for name, uids in sets.items()}


@lru_cache(maxsize=256)
def _as_json(uids: frozenset[str]) -> str:
    return json.dumps(list(uids))


def _conditions(
    dialect: str, names: tuple[str, ...], query: StudyQuery
) -> list[ColumnElement[bool]]:
    found = [_among(dialect, name) for name in names]
    if query.patient_id is not None:
        found.append(matches(Study.patient_id, query.patient_id))
    if query.accession_number is not None:
        found.append(matches(Study.accession_number, query.accession_number))
    if query.modality is not None:
        found.append(matches(Study.modalities, f"*\\{query.modality}\\*"))
    if query.study_date is not None:
        found.append(Study.study_date.between(*query.study_date))
    return found


def series_lines(
    connection: Connection, study: str, page: Page, series: tuple[str, ...], modality: str | None
) -> list[str]:
    """Listing texts of one study's series, by series number."""
    statement = select(Series.listing).where(Series.study_instance_uid == study)
    if series:
        statement = statement.where(Series.series_instance_uid.in_(series))
    if modality is not None:
        statement = statement.where(matches(Series.modality, modality))
    ordered = statement.order_by(Series.series_number, Series.series_instance_uid)
    return list(connection.scalars(_paged(ordered, page)))


def instance_lines(
    connection: Connection, study: str, series: str | None, page: Page, instances: tuple[str, ...]
) -> list[str]:
    """Listing texts of the instances of a series, or of a whole study."""
    statement = listed(select(Instance.listing), study, series)
    if instances:
        statement = statement.where(StoredObject.sop_instance_uid.in_(instances))
    ordered = statement.order_by(
        StoredObject.series_instance_uid, Instance.instance_number, Instance.object_id
    )
    return list(connection.scalars(_paged(ordered, page)))


def metadata_lines(
    connection: Connection, study: str, series: str | None, sop_uid: str | None
) -> list[str]:
    """Whole headers as JSON texts, of a study, a series or one instance."""
    statement = listed(select(Instance.metadata_json), study, series)
    if sop_uid is not None:
        statement = statement.where(StoredObject.sop_instance_uid == sop_uid)
    return list(
        connection.scalars(
            statement.order_by(StoredObject.series_instance_uid, Instance.instance_number)
        )
    )


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


def _paged(statement: Any, page: Page) -> Any:
    return statement.limit(page.limit).offset(page.offset)
