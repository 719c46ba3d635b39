"""Objects that are kept but not shown, and what an administrator decides about them.

Each decision needs a reason and is a row in ``decisions``; the log tells it by numbers alone.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from sqlalchemy import delete, insert, select, update

from dicom_gateway import clock
from dicom_gateway.errors import GatewayError
from dicom_gateway.index.arrivals import object_row
from dicom_gateway.index.engine import reading
from dicom_gateway.index.merging import ANOTHER_STUDY, RELEASED, SET_ASIDE
from dicom_gateway.index.models import Decision, SetAside, StoredObject
from dicom_gateway.index.removal import unlist
from dicom_gateway.ingest import inspect_stored

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row, Table

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.representations import Representations

log = structlog.get_logger()

OTHER_CONTENT: Final = "other content under the same identifier"
_ASIDE: Final = cast("Table", SetAside.__table__)
_OBJECTS: Final = cast("Table", StoredObject.__table__)
_LONGEST_REASON: Final = 200


class CannotDecide(GatewayError):
    """The decision cannot be carried out. The message says why and what to do instead."""

    code = "cannot-decide"


class Kind(StrEnum):
    """What can be decided."""

    RELEASED = "released"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Held:
    """One object out of sight. ``number`` names it: ``o`` and a row, or ``v`` for a variant."""

    number: str
    why: str
    sop_instance_uid: str
    study_instance_uid: str
    sender: str
    received_at: float


@dataclass(frozen=True)
class Judgement:
    """A decision by a person."""

    kind: Kind
    reason: str
    decided_by: str


def judgement(kind: Kind, reason: str) -> Judgement:
    """The decision of whoever runs this program.

    Raises:
        CannotDecide: no reason was given.
    """
    words = " ".join(reason.split())
    if not words:
        raise CannotDecide("say why with --reason: it is kept with the decision")
    return Judgement(kind, words[:_LONGEST_REASON], pwd.getpwuid(os.getuid()).pw_name[:64])


def held(engine: Engine) -> list[Held]:
    """Everything that waits for a decision, oldest first."""
    with reading(engine) as connection:
        objects = connection.execute(
            select(_OBJECTS).where(_OBJECTS.c.state.in_((SET_ASIDE, "unreadable")))
        ).all()
        variants = connection.execute(
            select(_ASIDE, _OBJECTS.c.study_instance_uid).outerjoin(
                _OBJECTS, _OBJECTS.c.sop_instance_uid == _ASIDE.c.sop_instance_uid
            )
        ).all()
    found = [
        Held(f"o{row.id}", row.note if row.state == SET_ASIDE else "header cannot be read",
             row.sop_instance_uid, row.study_instance_uid, row.sender, row.received_at)
        for row in objects
    ] + [
        Held(f"v{row.id}", OTHER_CONTENT, row.sop_instance_uid, row.study_instance_uid or "",
             row.sender, row.received_at)
        for row in variants
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.received_at, one.number))


def decide(
    engine: Engine, store: Blobs, made: Representations, number: str, verdict: Judgement
) -> None:
    """Carry a decision out.

    A released object joins its study; a released variant takes the place of the listed object,
    which becomes the variant. A rejected one is forgotten with its file, and may come again.

    Raises:
        CannotDecide: nothing of this number waits, or it cannot be shown.
    """
    with engine.begin() as connection:
        row = _find(connection, number)
        is_variant = number[0] == "v"
        if verdict.kind is Kind.REJECTED:
            table = _ASIDE if is_variant else _OBJECTS
            connection.execute(delete(table).where(table.c.id == row.id))
        elif is_variant:
            _exchange(connection, store, row)
        else:
            _join(connection, row)
        _write(connection, row, verdict)
    if verdict.kind is Kind.REJECTED:
        store.remove(row.file_name)
        made.remove(row.file_name)
    log.info("object decided", number=number, decision=verdict.kind.value)


def _find(connection: Connection, number: str) -> Row[Any]:
    kind, digits = number[:1], number[1:]
    row = None
    if digits.isdecimal() and len(digits) <= 18 and kind == "o":  # noqa: PLR2004 - fits 64 bits
        row = connection.execute(
            select(_OBJECTS).where(
                _OBJECTS.c.id == int(digits), _OBJECTS.c.state.in_((SET_ASIDE, "unreadable"))
            )
        ).one_or_none()
    elif digits.isdecimal() and len(digits) <= 18 and kind == "v":  # noqa: PLR2004 - fits 64 bits
        row = connection.execute(select(_ASIDE).where(_ASIDE.c.id == int(digits))).one_or_none()
    if row is None:
        raise CannotDecide(f"nothing of number {number} waits; `quarantine list` shows what does")
    return row


def _join(connection: Connection, row: Row[Any]) -> None:
    if row.state == "unreadable":
        raise CannotDecide("its header cannot be read, so it cannot be shown; send it anew instead")
    if row.note == ANOTHER_STUDY:
        raise CannotDecide(
            "its series belongs to another study here already; correct it at the sender, "
            "then reject this one"
        )
    connection.execute(
        update(_OBJECTS).where(_OBJECTS.c.id == row.id).values(state="stored", note=RELEASED)
    )


def _exchange(connection: Connection, store: Blobs, variant: Row[Any]) -> None:
    """The variant is listed from now on; what was listed is kept beside."""
    entry = replace(
        inspect_stored(store, variant.file_name, sender=variant.sender),
        data_set_sha256=variant.data_set_sha256,
        received_at=variant.received_at,
    )
    same = _OBJECTS.c.sop_instance_uid == variant.sop_instance_uid
    listed = connection.execute(select(_OBJECTS).where(same)).one_or_none()
    connection.execute(delete(_ASIDE).where(_ASIDE.c.id == variant.id))
    if listed is None:
        connection.execute(insert(_OBJECTS).values(object_row(entry)))
        return
    unlist(connection, [listed.id])
    connection.execute(update(_OBJECTS).where(same).values(object_row(entry)))
    names = ("sop_instance_uid", "file_name", "data_set_sha256", "sender", "received_at")
    kept = {name: getattr(listed, name) for name in names}
    connection.execute(insert(_ASIDE).values(kept))


def _write(connection: Connection, row: Row[Any], verdict: Judgement) -> None:
    connection.execute(
        insert(Decision).values(
            at=clock.now().timestamp(),
            kind=verdict.kind.value,
            sop_instance_uid=row.sop_instance_uid,
            study_instance_uid=getattr(row, "study_instance_uid", ""),
            data_set_sha256=row.data_set_sha256,
            decided_by=verdict.decided_by,
            reason=verdict.reason,
        )
    )
