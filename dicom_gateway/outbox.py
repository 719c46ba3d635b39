"""Events for the portal as rows: kept until the portal has taken or refused them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, exists, insert, or_, select, update

from dicom_gateway import clock
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import OutboxEvent, ReadAccess, StoredObject, Study
from dicom_gateway.specimen import CHECK_STUDY

MOST_EVENTS_A_REPORT: Final = 100
LONGEST_WAIT_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 4.0
LONGEST_SILENCE_SECONDS: Final = 30.0


def enqueue_settled_studies(engine: Engine, *, settle_seconds: float) -> int:
    """Queue ``study.stored`` for every study that has changed and come to rest.

    Returns:
        how many events were queued.
    """
    before = clock.now().timestamp() - settle_seconds
    with reading(engine) as connection:
        if connection.scalar(select(Study.revision).where(*_due(before)).limit(1)) is None:
            return 0
    with engine.begin() as connection:
        rows = connection.execute(select(Study.__table__).where(*_due(before)).limit(50)).all()
        for row in rows:
            _enqueue(connection, "study.stored", {"study": _study(row)})
            connection.execute(
                update(Study)
                .where(Study.study_instance_uid == row.study_instance_uid)
                .values(announced_revision=row.revision)
            )
    return len(rows)


def _due(before: float) -> tuple[Any, ...]:
    waiting = exists().where(
        StoredObject.study_instance_uid == Study.study_instance_uid, StoredObject.state == "stored"
    )
    real = Study.study_instance_uid != CHECK_STUDY
    return (Study.announced_revision != Study.revision, Study.changed_at <= before, ~waiting, real)


def _study(row: Row[Any]) -> dict[str, object]:
    return {
        "study_instance_uid": row.study_instance_uid,
        "patient_id": row.patient_id,
        "study_date": _iso_date(row.study_date),
        "description": row.description,
        "modalities": [name for name in row.modalities.split("\\") if name],
        "series": row.series_count,
        "instances": row.instance_count,
    }


def _iso_date(text: str) -> str | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])).isoformat()
    except ValueError:
        return None


def enqueue_reads(engine: Engine) -> int:
    """Queue ``images.read`` for tokens that were used and then rested, or have not for long.

    Returns:
        how many events were queued.
    """
    at = clock.now().timestamp()
    due = (
        ReadAccess.uses != ReadAccess.reported_uses,
        ReadAccess.study_instance_uid != CHECK_STUDY,
        or_(
            ReadAccess.last_at <= at - QUIET_SECONDS,
            ReadAccess.first_at <= at - LONGEST_SILENCE_SECONDS,
        ),
    )
    with reading(engine) as connection:
        if connection.scalar(select(ReadAccess.uses).where(*due).limit(1)) is None:
            return 0
    with engine.begin() as connection:
        rows = connection.execute(select(ReadAccess.__table__).where(*due).limit(50)).all()
        for row in rows:
            _enqueue(connection, "images.read", {"access": _access(row)})
            connection.execute(
                update(ReadAccess)
                .where(
                    ReadAccess.token_id == row.token_id,
                    ReadAccess.study_instance_uid == row.study_instance_uid,
                )
                .values(first_at=row.last_at, instances=0, frames=0, reported_uses=row.uses)
            )
    return len(rows)


def _access(row: Row[Any]) -> dict[str, object]:
    return {
        "grant": str(row.grant_id),
        "token_id": str(row.token_id),
        "study_instance_uid": row.study_instance_uid,
        "first_at": _iso(row.first_at),
        "last_at": _iso(row.last_at),
        "instances": row.instances,
        "frames": row.frames,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _enqueue(connection: Connection, kind: str, content: dict[str, object]) -> None:
    identity = uuid4()
    at = clock.now().timestamp()
    event = {"id": str(identity), "type": kind, "at": _iso(at), **content}
    connection.execute(
        insert(OutboxEvent).values(
            id=identity,
            body=json.dumps(event, ensure_ascii=False),
            created_at=at,
            next_try_at=at,
            attempts=0,
            state="waiting",
            reason="",
        )
    )


def due_events(engine: Engine) -> list[Row[Any]]:
    """Waiting events whose time has come, oldest first, as many as one report takes."""
    with reading(engine) as connection:
        return list(
            connection.execute(
                select(OutboxEvent.id, OutboxEvent.body, OutboxEvent.attempts)
                .where(
                    OutboxEvent.state == "waiting",
                    OutboxEvent.next_try_at <= clock.now().timestamp(),
                )
                .order_by(OutboxEvent.created_at)
                .limit(MOST_EVENTS_A_REPORT)
            )
        )


def settle(engine: Engine, accepted: set[UUID], rejected: dict[UUID, str]) -> None:
    """The portal has answered: taken events go, refused ones stay for the administrator."""
    with engine.begin() as connection:
        for identity in accepted:
            connection.execute(
                update(OutboxEvent)
                .where(OutboxEvent.id == identity)
                .values(state="delivered", body="")
            )
        for identity, reason in rejected.items():
            connection.execute(
                update(OutboxEvent)
                .where(OutboxEvent.id == identity)
                .values(state="rejected", reason=reason[:200])
            )


def postpone(engine: Engine, events: list[Row[Any]]) -> float:
    """Nothing was taken: try again later, waiting twice as long each time up to a minute.

    Returns:
        the seconds until the next try.
    """
    attempts = max(event.attempts for event in events) + 1
    wait: float = min(2.0 ** min(attempts - 1, 10), LONGEST_WAIT_SECONDS)
    with engine.begin() as connection:
        connection.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id.in_([event.id for event in events]))
            .values(next_try_at=clock.now().timestamp() + wait, attempts=attempts)
        )
    return wait
