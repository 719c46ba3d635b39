"""Recording an event and proving that none was changed, dropped or put in between.

Call ``record`` last in a use case: from there to the commit, other writers wait in line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit.actions import Action, Outcome
from app.audit.models import AuditEvent, AuditHead
from app.authz.actor import Actor, Machine
from app.core import clock
from app.core.ids import new_id
from app.crypto.digests import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.orm import Session

GENESIS = "0" * 64
_HEAD_ID = 1
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Entity:
    """What an event is about: kind, id, and the person whose data it is."""

    kind: str
    id: UUID | None = None
    person_id: UUID | None = None


def record(
    session: Session,
    agent: Actor | Machine | None,
    action: Action,
    entity: Entity,
    *,
    organisation_id: UUID | None = None,
    outcome: Outcome = Outcome.SUCCESS,
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one event to the chain, in the caller's transaction. ``detail`` holds no names."""
    event = _new_event(agent, action, entity, organisation_id)
    event.outcome, event.detail = outcome.value, detail or {}
    _append(session, _locked_head(session), event)
    return event


def record_each(
    session: Session, agent: Actor | Machine | None, action: Action, entities: Iterable[Entity]
) -> None:
    """One event for each entity, as ``record`` writes it; the head is fetched once."""
    head = _locked_head(session)
    for entity in entities:
        _append(session, head, _new_event(agent, action, entity))


def _append(session: Session, head: AuditHead, event: AuditEvent) -> None:
    event.number, event.previous_hash = head.number + 1, head.hash
    event.hash = digest_of(event)
    session.add(event)
    head.number, head.hash = event.number, event.hash


def _new_event(
    agent: Actor | Machine | None,
    action: Action,
    entity: Entity,
    organisation_id: UUID | None = None,
) -> AuditEvent:
    return AuditEvent(
        id=new_id(),
        recorded_at=clock.now(),
        action=action.value,
        outcome=Outcome.SUCCESS.value,
        agent_id=_agent_id(agent),
        agent_kind=_agent_kind(agent),
        agent_organisation_id=organisation_id or _organisation_of(agent),
        entity_kind=entity.kind,
        entity_id=entity.id,
        person_id=entity.person_id,
        detail={},
    )


def digest_of(event: AuditEvent) -> str:
    """SHA-256 over the canonical JSON of the event and its predecessor's hash."""
    fields = {
        "number": event.number,
        "id": str(event.id),
        "recorded_at": event.recorded_at.isoformat(timespec="microseconds"),
        "action": event.action,
        "outcome": event.outcome,
        "agent": [_text(event.agent_id), event.agent_kind, _text(event.agent_organisation_id)],
        "entity": [event.entity_kind, _text(event.entity_id), _text(event.person_id)],
        "detail": event.detail,
        "previous": event.previous_hash,
    }
    canonical = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256_hex(canonical.encode())


@dataclass(frozen=True)
class ChainReport:
    """What the verifier found. ``broken_at`` is the first bad number, None when all holds."""

    events: int
    broken_at: int | None


def verify_chain(session: Session) -> ChainReport:
    """Walk the chain from its start and compare the end with the head row."""
    expected_number, previous = 1, GENESIS
    for event in session.scalars(
        select(AuditEvent).order_by(AuditEvent.number).execution_options(yield_per=1000)
    ):
        intact = (
            event.number == expected_number
            and event.previous_hash == previous
            and event.hash == digest_of(event)
        )
        if not intact:
            return ChainReport(expected_number - 1, expected_number)
        expected_number, previous = expected_number + 1, event.hash
    return ChainReport(expected_number - 1, _broken_tail(session, expected_number - 1, previous))


def _broken_tail(session: Session, last: int, last_hash: str) -> int | None:
    """The first number at which events and head row disagree, None when they agree."""
    head = session.get(AuditHead, _HEAD_ID)
    number, hashed = (head.number, head.hash) if head else (0, GENESIS)
    if number != last:
        return min(number, last) + 1
    return None if hashed == last_hash else last


def _locked_head(session: Session) -> AuditHead:
    """The last link, ours until the transaction ends. Of many first writers one creates it."""
    head = session.get(AuditHead, _HEAD_ID, with_for_update=True)
    if head is None:
        first = {"id": _HEAD_ID, "number": 0, "hash": GENESIS}
        insert = _INSERT[session.get_bind().dialect.name]
        session.execute(insert(AuditHead).values(first).on_conflict_do_nothing())
        head = session.get_one(AuditHead, _HEAD_ID, with_for_update=True)
    return head


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _agent_id(agent: Actor | Machine | None) -> UUID | None:
    if agent is None:
        return None
    return agent.account_id if isinstance(agent, Actor) else agent.id


def _agent_kind(agent: Actor | Machine | None) -> str:
    if agent is None:
        return "nobody"
    return "person" if isinstance(agent, Actor) else "gateway"


def _organisation_of(agent: Actor | Machine | None) -> UUID | None:
    if isinstance(agent, Machine):
        return agent.organisation_id
    if isinstance(agent, Actor) and len(agent.memberships) == 1:
        return agent.memberships[0].organisation_id
    return None
