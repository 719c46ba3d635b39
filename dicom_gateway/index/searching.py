"""Searches of every level: indexed keys by SQL, the others on the JSON that was made at ingest.

No DICOM file is opened. A list without further keys and fields is the stored lines as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from dicom_gateway.errors import BadRequest, TooBroad
from dicom_gateway.index import listing, queries
from dicom_gateway.index.matching import Key, fits
from dicom_gateway.index.models import Instance, Series, StoredObject
from dicom_gateway.index.queries import Page, StudyQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

Attributes = dict[str, Any]

MOST_EXAMINED: Final = 50_000
_STUDIES_AT_ONCE: Final = 200


class Level(StrEnum):
    """What is listed."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


@dataclass(frozen=True)
class Fields:
    """What is wanted beyond what a list holds anyway (``includefield``)."""

    everything: bool = False
    paths: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Scope:
    """Where is searched: in ``visible`` studies (``None``: all), below a study, below a series."""

    level: Level
    visible: frozenset[str] | None
    study: str = ""
    series: str = ""


@dataclass(frozen=True)
class Wanted:
    """Match keys, further fields and the page."""

    keys: tuple[Key, ...]
    fields: Fields
    page: Page


_STUDY_KEYS: Final = {
    "0020000D": "study",
    "00100020": "patient_id",
    "00100010": "patient_name",
    "00080050": "accession_number",
    "00080061": "modality",
    "00080020": "study_date",
}
_PLAIN_KEYS: Final = {
    Level.STUDY: frozenset(_STUDY_KEYS),
    Level.SERIES: frozenset({"0020000E", "00080060"}),
    Level.INSTANCE: frozenset({"00080018"}),
}


def search(connection: Connection, scope: Scope, wanted: Wanted) -> list[str]:
    """The lines of one page.

    Raises:
        BadRequest: a key of a lower level than the list.
        TooBroad: more would have to be examined than one request may.
    """
    keys = {key.path[0]: key.value for key in wanted.keys if not key.is_universal}
    _require_level(scope, wanted.keys)
    if _is_plain(scope, wanted):
        return _plain(connection, scope, keys, wanted.page)
    found = _Finder(connection, scope, wanted).lines()
    return list(islice(found, wanted.page.offset, wanted.page.offset + wanted.page.limit))


def _require_level(scope: Scope, keys: tuple[Key, ...]) -> None:
    if scope.level is Level.INSTANCE:
        return
    known = listing.STUDY_ATTRIBUTES
    if scope.level is Level.SERIES:
        known |= listing.SERIES_ATTRIBUTES
    if any(key.path[0] not in known for key in keys):
        raise BadRequest(f"this attribute cannot be searched by in a list of {scope.level} level")


def _is_plain(scope: Scope, wanted: Wanted) -> bool:
    """Whether SQL alone answers with the lines as they are stored."""
    is_below = scope.level is Level.STUDY or bool(scope.study)
    is_indexed = all(
        len(key.path) == 1 and key.path[0] in _PLAIN_KEYS[scope.level] for key in wanted.keys
    )
    return is_below and is_indexed and not _missing(scope, wanted)


def _missing(scope: Scope, wanted: Wanted) -> frozenset[str]:
    """Tags that are asked for and not in the lines, as far as the level has them."""
    asked = {path[0] for path in wanted.fields.paths} | {key.path[0] for key in wanted.keys}
    if scope.level is Level.INSTANCE:
        here = frozenset(asked) - listing.LISTED[scope.level]
        return here | {"*"} if wanted.fields.everything else here
    known = listing.SERIES_ATTRIBUTES if scope.level is Level.SERIES else listing.STUDY_ATTRIBUTES
    if scope.level is Level.SERIES and not scope.study:
        known |= listing.STUDY_ATTRIBUTES
    asked |= known if wanted.fields.everything else set()
    return (known & asked) - listing.LISTED[scope.level]


def study_query(keys: dict[str, str]) -> StudyQuery:
    """The indexed keys of studies among these, by tag."""
    named = {_STUDY_KEYS[tag]: value for tag, value in keys.items() if tag in _STUDY_KEYS}
    uids = named.get("study", "").replace("\\", ",")
    first, dash, last = named.get("study_date", "").partition("-")
    return StudyQuery(
        study_instance_uids=tuple(uid for uid in uids.split(",") if uid),
        patient_id=named.get("patient_id"),
        patient_name=named.get("patient_name"),
        accession_number=named.get("accession_number"),
        modality=named.get("modality"),
        study_date=(first or "00000000", (last if dash else first) or "99999999")
        if first or last
        else None,
    )


def _plain(connection: Connection, scope: Scope, keys: dict[str, str], page: Page) -> list[str]:
    if scope.level is Level.STUDY:
        return queries.study_lines(connection, scope.visible, study_query(keys), page)
    if scope.level is Level.SERIES:
        uids = listing.uid_list(keys.get("0020000E", ""))
        return queries.series_lines(connection, scope.study, page, uids, keys.get("00080060"))
    uids = listing.uid_list(keys.get("00080018", ""))
    return queries.instance_lines(connection, scope.study, scope.series or None, page, uids)


@dataclass
class _Finder:
    """Walks studies, their series, their instances, and keeps what fits."""

    connection: Connection
    scope: Scope
    wanted: Wanted
    _examined: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        missing = _missing(self.scope, self.wanted)
        self._missing, self._everything = missing - {"*"}, "*" in missing
        named = {key.path[0]: key.value for key in self.wanted.keys if not key.is_universal}
        self._query = study_query(named)
        self._left = tuple(
            key
            for key in self.wanted.keys
            if not key.is_universal and (len(key.path) > 1 or key.path[0] not in _STUDY_KEYS)
        )

    def lines(self) -> Iterator[str]:
        """Lines of everything that fits, in order."""
        visible = frozenset({self.scope.study}) if self.scope.study else self.scope.visible
        for page in queries.study_pages(self.connection, visible, self._query, _STUDIES_AT_ONCE):
            for row in page:
                yield from self._below(row.study_instance_uid, listing.read_line(row.listing))

    def _below(self, uid: str, study: Attributes) -> Iterator[str]:
        if self.scope.level is Level.STUDY:
            yield from self._if_fitting(study, uid, "")
            return
        outer = {} if self.scope.study else study
        for row in self.connection.execute(self._series_of(uid)).all():
            series = {**outer, **listing.read_line(row.listing)}
            if self.scope.level is Level.SERIES:
                yield from self._if_fitting(series, uid, row.series_instance_uid)
                continue
            above = outer if self.scope.series else series
            for one in self.connection.execute(_instances_of(uid, row.series_instance_uid)):
                yield from self._if_fitting(
                    {**above, **listing.read_line(one.listing)}, uid, "", one.metadata_json
                )

    def _series_of(self, study: str) -> Select[Any]:
        statement: Any = select(Series.series_instance_uid, Series.listing).where(
            Series.study_instance_uid == study
        )
        if self.scope.series:
            statement = statement.where(Series.series_instance_uid == self.scope.series)
        ordered: Select[Any] = statement.order_by(Series.series_number, Series.series_instance_uid)
        return ordered

    def _if_fitting(
        self, line: Attributes, study: str, series: str, header: str = ""
    ) -> Iterator[str]:
        """The line with its further fields, if every key fits."""
        self._examined += 1
        if self._examined > MOST_EXAMINED:
            raise TooBroad("too many to look through; name a study, or search by an indexed key")
        if self._missing or self._everything:
            whole = listing.read_line(header or self._first_header(study, series))
            chosen = whole.keys() if self._everything else self._missing & whole.keys()
            line = {**{tag: whole[tag] for tag in chosen}, **line}
        if all(fits(line, key) for key in self._left):
            yield listing.write_line(listing.pruned(line, self._narrow()))

    def _narrow(self) -> tuple[tuple[str, ...], ...]:
        """Ways into sequences that were not asked for whole."""
        if self.wanted.fields.everything:
            return ()
        asked = [*self.wanted.fields.paths, *(key.path for key in self.wanted.keys)]
        whole = {path[0] for path in asked if len(path) == 1}
        return tuple(path for path in asked if len(path) > 1 and path[0] not in whole)

    def _first_header(self, study: str, series: str) -> str:
        statement = select(Instance.metadata_json).join(
            StoredObject, StoredObject.id == Instance.object_id
        )
        statement = statement.where(
            StoredObject.study_instance_uid == study, StoredObject.state == "indexed"
        )
        if series:
            statement = statement.where(StoredObject.series_instance_uid == series)
        found = self.connection.scalar(statement.order_by(StoredObject.id).limit(1))
        return found or "{}"


def _instances_of(study: str, series: str) -> Select[Any]:
    statement: Any = (
        select(Instance.listing, Instance.metadata_json)
        .join(StoredObject, StoredObject.id == Instance.object_id)
        .where(
            StoredObject.study_instance_uid == study,
            StoredObject.series_instance_uid == series,
            StoredObject.state == "indexed",
        )
        .order_by(Instance.instance_number, Instance.object_id)
    )
    ordered: Select[Any] = statement
    return ordered
