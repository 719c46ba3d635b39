"""Putting rendered objects into their studies and series, a batch in one short transaction.

The first object makes its study and series. A later one that cannot be of the same person
(``dicom_gateway.identity``), or that names another study for the same series, is kept but not shown
until an administrator has decided (``dicom_gateway.quarantine``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import bindparam, insert, select, update

from dicom_gateway import clock
from dicom_gateway.identity import Identity, identity_of
from dicom_gateway.index import listing
from dicom_gateway.index.models import Instance, Series, StoredObject, Study
from dicom_gateway.index.name_search import NAME_GROUPS, add_terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row, Table

    from dicom_gateway.dicomjson import Rendered

_OBJECTS: Final = cast("Table", StoredObject.__table__)
_INSTANCES: Final = cast("Table", Instance.__table__)
_SERIES: Final = cast("Table", Series.__table__)
_STUDIES: Final = cast("Table", Study.__table__)
_IDENTITY_COLUMNS: Final = tuple(_STUDIES.c[one.name] for one in fields(Identity))

SET_ASIDE: Final = "set aside"
RELEASED: Final = "released"
"""Note of an object that an administrator found to be of this study's patient after all."""
ANOTHER_STUDY: Final = "another study for this series"


@dataclass(frozen=True)
class Prepared:
    """One object ready to be listed; ``rendered`` is ``None`` when its header cannot be read."""

    row: Row[Any]
    rendered: Rendered | None
    listing: str = ""
    metadata: str = ""


@dataclass
class _Family:
    """What is known of the studies and series that a batch belongs to."""

    identity_of: dict[str, Identity]
    study_of: dict[str, str]
    new_studies: list[dict[str, object]] = field(default_factory=list)
    new_series: list[dict[str, object]] = field(default_factory=list)
    instances: list[dict[str, object]] = field(default_factory=list)
    states: list[dict[str, object]] = field(default_factory=list)
    grown: Counter[str] = field(default_factory=Counter)
    completed: set[str] = field(default_factory=set)

    def place(self, one: Prepared) -> None:
        """Decide where one object belongs."""
        if one.rendered is None:
            self._state(one, "unreadable", "header")
            return
        conflict = self._conflict(one.row, one.rendered)
        if conflict:
            self._state(one, SET_ASIDE, conflict)
            return
        self._add(one, one.rendered)
        self._state(one, "indexed", "")

    def _conflict(self, row: Row[Any], rendered: Rendered) -> str:
        known = self.identity_of.get(row.study_instance_uid)
        if known is not None and row.note != RELEASED:
            conflict = known.conflict(identity_of(rendered))
            if conflict:
                return conflict
        study = self.study_of.get(row.series_instance_uid, row.study_instance_uid)
        return ANOTHER_STUDY if study != row.study_instance_uid else ""

    def _add(self, one: Prepared, rendered: Rendered) -> None:
        study, series = one.row.study_instance_uid, one.row.series_instance_uid
        told = identity_of(rendered)
        known = self.identity_of.setdefault(study, told)
        if known is told:
            self.new_studies.append(_study_row(study, rendered))
        elif known.completed(told) != known:
            self.identity_of[study] = known.completed(told)
            self.completed.add(study)
        if series not in self.study_of:
            self.study_of[series] = study
            self.new_series.append(_series_row(study, series, rendered))
        self.grown[series] += 1
        self.instances.append(
            {
                "object_id": one.row.id,
                "series_instance_uid": series,
                "instance_number": rendered.number("00200013"),
                "listing": one.listing,
                "metadata_json": one.metadata,
            }
        )

    def _state(self, one: Prepared, state: str, note: str) -> None:
        self.states.append({"of": one.row.id, "new_state": state, "new_note": note})


def merge(connection: Connection, batch: list[Prepared]) -> None:
    """Write a batch down and bring its studies' lines up to date."""
    family = _known(connection, batch)
    for one in batch:
        family.place(one)
    for table, rows in (
        (_STUDIES, family.new_studies),
        (_SERIES, family.new_series),
        (_INSTANCES, family.instances),
    ):
        if rows:
            connection.execute(insert(table), rows)
    add_terms(connection, [str(row[group]) for row in family.new_studies for group in NAME_GROUPS])
    connection.execute(_SET_STATE, family.states)
    if family.completed:
        told = [(uid, family.identity_of[uid]) for uid in sorted(family.completed)]
        connection.execute(_COMPLETE, [{"of": uid, **_new_identity(one)} for uid, one in told])
    if family.grown:
        connection.execute(_GROW, [{"of": uid, "more": n} for uid, n in family.grown.items()])
        refresh(connection, {family.study_of[uid] for uid in family.grown})


def _known(connection: Connection, batch: list[Prepared]) -> _Family:
    studies = {one.row.study_instance_uid for one in batch}
    series = {one.row.series_instance_uid for one in batch}
    patients = connection.execute(
        select(_STUDIES.c.study_instance_uid, *_IDENTITY_COLUMNS).where(
            _STUDIES.c.study_instance_uid.in_(studies)
        )
    )
    parents = connection.execute(
        select(_SERIES.c.series_instance_uid, _SERIES.c.study_instance_uid).where(
            _SERIES.c.series_instance_uid.in_(series)
        )
    )
    return _Family(
        {row[0]: Identity(*row[1:]) for row in patients},
        {row.series_instance_uid: row.study_instance_uid for row in parents},
    )


_COMPLETE: Final = (
    update(_STUDIES)
    .where(_STUDIES.c.study_instance_uid == bindparam("of"))
    .values({one.name: bindparam(f"new_{one.name}") for one in _IDENTITY_COLUMNS})
)
_SET_STATE: Final = (
    update(_OBJECTS)
    .where(_OBJECTS.c.id == bindparam("of"))
    .values(state=bindparam("new_state"), note=bindparam("new_note"))
)
_GROW: Final = (
    update(_SERIES)
    .where(_SERIES.c.series_instance_uid == bindparam("of"))
    .values(
        instance_count=_SERIES.c.instance_count + bindparam("more"),
        revision=_SERIES.c.revision + 1,
    )
)
_LINE_OF_SERIES: Final = (
    update(_SERIES)
    .where(_SERIES.c.series_instance_uid == bindparam("of"))
    .values(listing=bindparam("line"))
)
_LINE_OF_STUDY: Final = (
    update(_STUDIES)
    .where(_STUDIES.c.study_instance_uid == bindparam("of"))
    .values(
        listing=bindparam("line"),
        modalities=bindparam("kinds"),
        series_count=bindparam("of_series"),
        instance_count=bindparam("of_instances"),
        changed_at=bindparam("at"),
        revision=_STUDIES.c.revision + 1,
    )
)


def _new_identity(identity: Identity) -> dict[str, str]:
    return {f"new_{name}": value for name, value in asdict(identity).items()}


def _study_row(uid: str, rendered: Rendered) -> dict[str, object]:
    names = listing.folded_names(rendered)
    return {
        "study_instance_uid": uid,
        **asdict(identity_of(rendered)),
        "name_alphabetic": names.alphabetic,
        "name_ideographic": names.ideographic,
        "name_phonetic": names.phonetic,
        "study_date": rendered.text("00080020", 8),
        "accession_number": rendered.text("00080050", 64),
        "description": rendered.text("00081030", 64),
        "modalities": "",
        "text_uncertain": rendered.uncertain,
        "attributes": listing.study_attributes(rendered),
        "series_count": 0,
        "instance_count": 0,
        "listing": "",
        "changed_at": clock.now().timestamp(),
        "revision": 0,
        "announced_revision": 0,
    }


def _series_row(study: str, uid: str, rendered: Rendered) -> dict[str, object]:
    return {
        "series_instance_uid": uid,
        "study_instance_uid": study,
        "modality": rendered.text("00080060", 16),
        "series_number": rendered.number("00200011"),
        "attributes": listing.series_attributes(rendered),
        "instance_count": 0,
        "listing": "",
        "revision": 0,
    }


def refresh(connection: Connection, studies: Iterable[str]) -> None:
    """Write the lines of these studies and of their series anew, with their counts."""
    wanted = sorted(studies)
    by_study: dict[str, list[Any]] = {uid: [] for uid in wanted}
    for row in connection.execute(select(_SERIES).where(_SERIES.c.study_instance_uid.in_(wanted))):
        by_study[row.study_instance_uid].append(row)
    attributes = connection.execute(
        select(_STUDIES.c.study_instance_uid, _STUDIES.c.attributes).where(
            _STUDIES.c.study_instance_uid.in_(wanted)
        )
    ).all()
    lines = [_series_line(row) for rows in by_study.values() for row in rows]
    connection.execute(_LINE_OF_SERIES, lines)
    connection.execute(_LINE_OF_STUDY, [_study_line(row, by_study[row[0]]) for row in attributes])


def _series_line(row: Any) -> dict[str, object]:
    uid = row.series_instance_uid
    line = listing.series_listing(row.attributes, row.study_instance_uid, uid, row.instance_count)
    return {"of": uid, "line": line}


def _study_line(study: Any, series: list[Any]) -> dict[str, object]:
    kinds = sorted({row.modality for row in series if row.modality})
    instances = sum(row.instance_count for row in series)
    uid, attributes = study
    line = listing.study_listing(attributes, uid, kinds, (len(series), instances))
    return {
        "of": uid,
        "line": line,
        "kinds": "\\" + "".join(f"{kind}\\" for kind in kinds),
        "of_series": len(series),
        "of_instances": instances,
        "at": clock.now().timestamp(),
    }
