"""Storage commitments as rows: asked for, then told; neither is lost when the gateway restarts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from dicom_gateway import clock
from dicom_gateway.errors import BlobMissing
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Commitment, StoredObject

if TYPE_CHECKING:
    from dicom_gateway.blobs import Blobs

NO_SUCH_INSTANCE: Final = 0x0112
CLASS_CONFLICT: Final = 0x0119
PROCESSING_FAILURE: Final = 0x0110
"""Failure reasons (PS3.3 C.14.1.1)."""
LONGEST_WAIT_SECONDS: Final = 900.0
PATIENCE_SECONDS: Final = 24 * 3600.0
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Reference:
    """One SOP instance whose safekeeping is asked for."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True)
class Pending:
    """One transaction whose report the peer has not taken yet."""

    ae_title: str
    transaction_uid: str
    references: tuple[Reference, ...]
    received_at: float
    attempts: int


@dataclass(frozen=True)
class Verdict:
    """What is safely kept, and what is not with its failure reason."""

    kept: tuple[Reference, ...]
    failed: tuple[tuple[Reference, int], ...]


def ask(engine: Engine, ae_title: str, transaction: str, wanted: tuple[Reference, ...]) -> None:
    """Note the request durably. The same transaction asked again is told again."""
    at = clock.now().timestamp()
    values = {
        "requested": json.dumps([[one.sop_class_uid, one.sop_instance_uid] for one in wanted]),
        "received_at": at,
        "next_try_at": at,
        "attempts": 0,
        "state": "waiting",
    }
    key = (Commitment.ae_title == ae_title, Commitment.transaction_uid == transaction)
    try:
        with engine.begin() as connection:
            connection.execute(
                insert(Commitment).values(ae_title=ae_title, transaction_uid=transaction, **values)
            )
    except IntegrityError:
        with engine.begin() as connection:
            connection.execute(update(Commitment).where(*key).values(**values))


def due(engine: Engine) -> list[Pending]:
    """Transactions whose report is to be sent now, oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(Commitment.__table__)
            .where(Commitment.state == "waiting")
            .where(Commitment.next_try_at <= clock.now().timestamp())
            .order_by(Commitment.received_at)
            .limit(20)
        ).all()
    return [
        Pending(
            row.ae_title,
            row.transaction_uid,
            tuple(Reference(*pair) for pair in json.loads(row.requested)),
            row.received_at,
            row.attempts,
        )
        for row in rows
    ]


def judge(connection: Connection, store: Blobs, wanted: tuple[Reference, ...]) -> Verdict:
    """What of it is listed and safely kept whole.

    Raises:
        BlobUnreachable: the bucket cannot be asked now.
    """
    found: dict[str, tuple[str, str, int]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        uids = [one.sop_instance_uid for one in wanted[start : start + _AT_ONCE]]
        rows = connection.execute(
            select(
                StoredObject.sop_instance_uid,
                StoredObject.sop_class_uid,
                StoredObject.file_name,
                StoredObject.size,
            ).where(StoredObject.sop_instance_uid.in_(uids))
        )
        found.update({row[0]: (row[1], row[2], row[3]) for row in rows})
    reasons = [(one, _reason(one, found.get(one.sop_instance_uid), store)) for one in wanted]
    return Verdict(
        tuple(one for one, reason in reasons if not reason),
        tuple((one, reason) for one, reason in reasons if reason),
    )


def _reason(one: Reference, row: tuple[str, str, int] | None, store: Blobs) -> int:
    if row is None:
        return NO_SUCH_INSTANCE
    sop_class, file_name, size = row
    if sop_class != one.sop_class_uid:
        return CLASS_CONFLICT
    try:
        is_whole = store.size(file_name) == size
    except BlobMissing:
        is_whole = False
    return 0 if is_whole else PROCESSING_FAILURE


def told(engine: Engine, one: Pending) -> None:
    """The peer has taken the report."""
    _set(engine, one, state="told", requested="[]")


def postpone(engine: Engine, one: Pending) -> None:
    """Try again later, waiting twice as long each time; after a day nobody waits any more."""
    at = clock.now().timestamp()
    wait = min(2.0 ** min(one.attempts, 10), LONGEST_WAIT_SECONDS)
    is_over = at - one.received_at > PATIENCE_SECONDS
    _set(
        engine,
        one,
        state="given up" if is_over else "waiting",
        attempts=one.attempts + 1,
        next_try_at=at + wait,
    )


def _set(engine: Engine, one: Pending, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(Commitment)
            .where(Commitment.ae_title == one.ae_title)
            .where(Commitment.transaction_uid == one.transaction_uid)
            .values(**values)
        )
