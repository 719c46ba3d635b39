"""Names that an earlier folding wrote are folded anew, once, before the program starts.

Migrations never fold: they must do tomorrow what they did yesterday. The index is marked with the
folding its names went through, and a program that folds otherwise writes all of them again from
what was kept of each study's first object.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from sqlalchemy import bindparam, delete, insert, select, update

from dicom_gateway.index.listing import folded_groups
from dicom_gateway.index.models import Folding, NameTerm, Study
from dicom_gateway.index.name_search import NAME_GROUPS, add_terms
from dicom_gateway.names import FOLDING_MARK

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

log = structlog.get_logger()

AT_ONCE: Final = 1000
_FOLDING: Final = cast("Table", Folding.__table__)
_STUDIES: Final = cast("Table", Study.__table__)
_PATIENT_NAME: Final = "00100010"
_CHANGE: Final = (
    update(_STUDIES)
    .where(_STUDIES.c.study_instance_uid == bindparam("of"))
    .values({group: bindparam(f"new_{group}") for group in NAME_GROUPS})
)


def is_folded(connection: Connection) -> bool:
    """Whether all names stand as this program folds them."""
    return list(connection.scalars(select(_FOLDING.c.mark))) == [FOLDING_MARK]


def mark(connection: Connection) -> None:
    """Note that all names stand so."""
    connection.execute(delete(_FOLDING))
    connection.execute(insert(_FOLDING).values(mark=FOLDING_MARK))


def refold(connection: Connection) -> int:
    """Write every name and every term anew, and mark the index. Returns how many studies."""
    connection.execute(delete(NameTerm))
    last, count = "", 0
    while rows := _following(connection, last):
        names = [_folded(row.attributes) for row in rows]
        found = zip(rows, names, strict=True)
        connection.execute(_CHANGE, [{"of": row[0], **new} for row, new in found])
        add_terms(connection, [text for new in names for text in new.values()])
        last, count = rows[-1][0], count + len(rows)
    mark(connection)
    if count:
        log.info("names were folded anew", studies=count)
    return count


def _following(connection: Connection, last: str) -> list[Any]:
    key = _STUDIES.c.study_instance_uid
    rows = select(key, _STUDIES.c.attributes).where(key > last).order_by(key).limit(AT_ONCE)
    return list(connection.execute(rows))


def _folded(attributes: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads(attributes)
    values = json.loads(texts.get(_PATIENT_NAME, "{}"), strict=False).get("Value", [])
    found = folded_groups(values)
    return {f"new_{group}": text for group, text in zip(NAME_GROUPS, found, strict=True)}
