"""Pulls as rows: a study is fetched once however often it is asked for; no restart forgets it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Connection, Engine, Table, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dicom_gateway import clock
from dicom_gateway.errors import PullReason
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Pull, StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_ATTEMPTS: Final = 6
LONGEST_WAIT_SECONDS: Final = 60.0
WEEK_SECONDS: Final = 7 * 86_400.0
_AT_ONCE: Final = 500
REMEMBERED_SECONDS: Final = 60.0
"""How long "nobody has it" and "nobody could be reached" stand before peers are asked anew."""


class State(StrEnum):
    """How far a pull is. ``LISTING``: all objects came, some are not listed yet."""

    QUEUED = "queued"
    RUNNING = "running"
    LISTING = "listing"
    DONE = "done"
    ABSENT = "absent"
    FAILED = "failed"


ACTIVE: Final = frozenset({State.QUEUED, State.RUNNING, State.LISTING})


@dataclass(frozen=True)
class Standing:
    """One row as it was read; ``expected`` is 0 while no peer has told."""

    study: str
    state: State
    source: str
    reason: str
    changed_at: float
    attempts: int
    expected: int
    arrived: int

    @property
    def is_active(self) -> bool:
        """Whether the study is on its way."""
        return self.state in ACTIVE


_PULLS: Final = cast("Table", Pull.__table__)
_OF_STANDING: Final = (
    _PULLS.c.study_instance_uid,
    _PULLS.c.state,
    _PULLS.c.source,
    _PULLS.c.reason,
    _PULLS.c.changed_at,
    _PULLS.c.attempts,
    _PULLS.c.expected,
    _PULLS.c.arrived,
)


def standing(connection: Connection, study: str) -> Standing | None:
    """The pull of this study, if it was ever asked for."""
    row = connection.execute(
        select(*_OF_STANDING).where(_PULLS.c.study_instance_uid == study)
    ).one_or_none()
    return None if row is None else _standing(row)


def _standing(row: Any) -> Standing:
    return Standing(row[0], State(row[1]), *row[2:])


def ask(engine: Engine, study: str, *, source: str = "") -> Standing:
    """Queue the study durably unless it is on its way; returns its row as it stands then."""
    at = clock.now().timestamp()
    values = {
        "state": State.QUEUED.value,
        "source": source,
        "reason": "",
        "requested_at": at,
        "changed_at": at,
        "next_try_at": at,
        "attempts": 0,
        "expected": 0,
        "arrived": 0,
    }
    dialect: Any = postgresql if engine.dialect.name == "postgresql" else sqlite
    row = dialect.insert(_PULLS).values(study_instance_uid=study, **values)
    at_rest = _PULLS.c.state.not_in([one.value for one in ACTIVE])
    with engine.begin() as connection:
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[_PULLS.c.study_instance_uid], set_=values, where=at_rest
            )
        )
        found = standing(connection, study)
    if found is None:
        raise LookupError("a row that was just written")
    return found


def claim(engine: Engine) -> Standing | None:
    """Take up the pull that has waited longest, for this caller alone."""
    at = clock.now().timestamp()
    due = (_PULLS.c.state == State.QUEUED.value, _PULLS.c.next_try_at <= at)
    with reading(engine) as connection:
        study = connection.scalar(
            select(_PULLS.c.study_instance_uid).where(*due).order_by(_PULLS.c.next_try_at).limit(1)
        )
    if study is None:
        return None
    mine = update(_PULLS).where(_PULLS.c.study_instance_uid == study, *due)
    values = {"state": State.RUNNING.value, "changed_at": at, "attempts": _PULLS.c.attempts + 1}
    with engine.begin() as connection:
        if connection.execute(mine.values(**values)).rowcount != 1:
            return None
        return standing(connection, study)


def note_progress(engine: Engine, study: str, *, arrived: int, expected: int) -> None:
    """How many objects are here of how many; ``expected`` 0 when no peer has told."""
    _set(engine, study, arrived=arrived, expected=expected)


def note_arrived(engine: Engine, study: str, *, arrived: int) -> None:
    """Every object came."""
    values = {"state": State.LISTING.value, "reason": "", "arrived": arrived, "expected": arrived}
    _set(engine, study, **values)


def note_absent(engine: Engine, study: str) -> None:
    """Every peer that may be asked answered that it has none."""
    _set(engine, study, state=State.ABSENT.value, reason="")


def postpone(engine: Engine, one: Standing, reason: PullReason) -> State:
    """Try again later, waiting twice as long each time; after some attempts nobody does."""
    at = clock.now().timestamp()
    is_over = one.attempts >= MOST_ATTEMPTS
    state = State.FAILED if is_over else State.QUEUED
    wait = min(2.0 ** (one.attempts - 1), LONGEST_WAIT_SECONDS)
    _set(engine, one.study, state=state.value, reason=reason.value, next_try_at=at + wait)
    return state


def finish_listed(engine: Engine) -> int:
    """Pulls all of whose objects are listed by now are done. Returns how many."""
    waiting = exists().where(
        StoredObject.study_instance_uid == _PULLS.c.study_instance_uid,
        StoredObject.state == "stored",
    )
    due = (_PULLS.c.state == State.LISTING.value, ~waiting)
    with reading(engine) as connection:
        if connection.scalar(select(_PULLS.c.state).where(*due).limit(1)) is None:
            return 0
    values = {"state": State.DONE.value, "changed_at": clock.now().timestamp()}
    with engine.begin() as connection:
        return connection.execute(update(_PULLS).where(*due).values(**values)).rowcount


def recover(engine: Engine) -> int:
    """Queue again what a process that is gone had taken up. Returns how many."""
    at = clock.now().timestamp()
    left = _PULLS.c.state == State.RUNNING.value
    is_over = _PULLS.c.attempts >= MOST_ATTEMPTS
    over = {"state": State.FAILED.value, "reason": PullReason.TROUBLE.value, "changed_at": at}
    again = {"state": State.QUEUED.value, "changed_at": at, "next_try_at": at}
    with engine.begin() as connection:
        connection.execute(update(_PULLS).where(left, is_over).values(**over))
        return connection.execute(update(_PULLS).where(left).values(**again)).rowcount


def objects_here(engine: Engine, study: str) -> int:
    """How many objects of the study are kept, listed or not."""
    of_study = StoredObject.study_instance_uid == study
    with reading(engine) as connection:
        found = connection.scalar(select(func.count()).select_from(StoredObject).where(of_study))
    return int(found or 0)


def missing(engine: Engine, instances: frozenset[str]) -> int:
    """How many of these objects are not kept here."""
    wanted, found = sorted(instances), 0
    with reading(engine) as connection:
        for start in range(0, len(wanted), _AT_ONCE):
            some = StoredObject.sop_instance_uid.in_(wanted[start : start + _AT_ONCE])
            found += connection.scalar(select(func.count()).where(some)) or 0
    return len(wanted) - found


def counts(connection: Connection) -> dict[str, int]:
    """How many pulls of the last week stand in each state."""
    states: Iterable[str] = [one.value for one in State]
    lately = _PULLS.c.requested_at >= clock.now().timestamp() - WEEK_SECONDS
    rows = connection.execute(
        select(_PULLS.c.state, func.count()).where(lately).group_by(_PULLS.c.state)
    )
    return dict.fromkeys(states, 0) | {row[0]: int(row[1]) for row in rows}


def _set(engine: Engine, study: str, **values: object) -> None:
    of_study = _PULLS.c.study_instance_uid == study
    with engine.begin() as connection:
        connection.execute(
            update(_PULLS).where(of_study).values(changed_at=clock.now().timestamp(), **values)
        )
