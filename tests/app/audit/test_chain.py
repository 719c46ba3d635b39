"""The audit chain: what it records, and that no tampering goes unnamed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update

from app.audit import chain
from app.audit.actions import Action
from app.audit.models import AuditEvent, AuditHead
from app.authz.actor import Machine
from app.core.db import reading, transaction
from app.core.ids import new_id
from tests.app.ledger import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.usefixtures("database")
HOW_MANY = 7


def record_one(number: int = 0) -> None:
    """One event in a transaction of its own."""
    with transaction() as session:
        entity = chain.Entity("session")
        chain.record(session, None, Action.LOGIN_REFUSED, entity, detail={"reason": str(number)})


def verdict() -> chain.ChainReport:
    """What the verifier says now."""
    with reading() as session:
        return chain.verify_chain(session)


@pytest.fixture
def seven_events(database: str) -> None:
    assert database
    for number in range(HOW_MANY):
        record_one(number)


def test_an_empty_chain_is_intact() -> None:
    assert verdict() == chain.ChainReport(0, None)


@pytest.mark.usefixtures("seven_events")
def test_every_event_is_counted_and_linked() -> None:
    assert verdict() == chain.ChainReport(HOW_MANY, None)
    rows = events()
    assert [row.number for row in rows] == list(range(1, HOW_MANY + 1))
    assert [row.previous_hash for row in rows] == [chain.GENESIS, *(r.hash for r in rows[:-1])]


def test_several_events_of_one_transaction_are_linked() -> None:
    with transaction() as session:
        for _ in range(3):
            chain.record(session, None, Action.LOGIN_REFUSED, chain.Entity("session"))
    assert verdict() == chain.ChainReport(3, None)


def edit(session: Session) -> None:
    session.execute(update(AuditEvent).where(AuditEvent.number == 3).values(detail={"reason": "x"}))


def edit_who(session: Session) -> None:
    session.execute(update(AuditEvent).where(AuditEvent.number == 3).values(agent_kind="gateway"))


def drop(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.number == 3))


def drop_and_close_ranks(session: Session) -> None:
    drop(session)
    for number in range(4, HOW_MANY + 1):
        session.execute(
            update(AuditEvent).where(AuditEvent.number == number).values(number=number - 1)
        )


def swap(session: Session) -> None:
    for old, new in ((3, 99), (5, 3), (99, 5)):
        session.execute(update(AuditEvent).where(AuditEvent.number == old).values(number=new))


def put_in_between(session: Session) -> None:
    for number in range(HOW_MANY, 2, -1):
        session.execute(
            update(AuditEvent).where(AuditEvent.number == number).values(number=number + 1)
        )
    copy = session.scalars(select(AuditEvent).where(AuditEvent.number == 2)).one()
    values = {c.key: getattr(copy, c.key) for c in AuditEvent.__table__.columns}
    forged = AuditEvent(**{**values, "number": 3, "id": new_id()})
    session.add(forged)


def cut_the_tail(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.number > 5))


def recompute_the_tail(session: Session) -> None:
    """An attacker who knows the formula rewrites from event 3 on, but not the head."""
    rows = session.scalars(select(AuditEvent).order_by(AuditEvent.number)).all()
    rows[2].detail = {"reason": "rewritten"}
    for earlier, row in pairwise(rows[1:]):
        row.previous_hash = earlier.hash
        row.hash = chain.digest_of(row)


def lengthen(session: Session) -> None:
    last = session.scalars(select(AuditEvent).where(AuditEvent.number == HOW_MANY)).one()
    values = {c.key: getattr(last, c.key) for c in AuditEvent.__table__.columns}
    forged = AuditEvent(
        **{**values, "number": HOW_MANY + 1, "id": new_id(), "previous_hash": last.hash}
    )
    forged.hash = chain.digest_of(forged)
    session.add(forged)


def forget_the_head(session: Session) -> None:
    session.execute(delete(AuditHead))


@pytest.mark.usefixtures("seven_events")
@pytest.mark.parametrize(
    ("tamper", "number"),
    [
        (edit, 3),
        (edit_who, 3),
        (drop, 3),
        (drop_and_close_ranks, 3),
        (swap, 3),
        (put_in_between, 3),
        (cut_the_tail, 6),
        (recompute_the_tail, HOW_MANY),
        (lengthen, HOW_MANY + 1),
        (forget_the_head, 1),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tampering_is_named_by_its_number(tamper: Callable[[Session], None], number: int) -> None:
    with transaction() as session:
        tamper(session)
    assert verdict().broken_at == number


@pytest.mark.usefixtures("seven_events")
def test_a_witness_of_the_head_sees_a_chain_that_was_written_anew() -> None:
    """Who rewrites the head too leaves a sound chain; the hash kept elsewhere tells."""
    with transaction() as session:
        kept = session.get_one(AuditHead, 1).hash
        recompute_the_tail(session)
        last = session.scalars(select(AuditEvent).where(AuditEvent.number == HOW_MANY)).one()
        session.get_one(AuditHead, 1).hash = last.hash
    assert verdict().broken_at is None
    with reading() as session:
        assert session.get_one(AuditHead, 1).hash != kept


def test_many_writers_at_once_make_one_chain() -> None:
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(record_one, range(40)))
    assert verdict() == chain.ChainReport(40, None)
    assert {row.detail["reason"] for row in events()} == {str(number) for number in range(40)}


def test_what_is_rolled_back_was_never_recorded() -> None:
    record_one()

    class Stop(Exception):
        pass

    def fail() -> None:
        with transaction() as session:
            chain.record(session, None, Action.LOGIN_REFUSED, chain.Entity("session"))
            raise Stop

    with pytest.raises(Stop):
        fail()
    assert verdict() == chain.ChainReport(1, None)


def test_a_machine_and_a_person_are_told_apart(world: World) -> None:
    hospital = world.gateways["hospital"]
    machine = Machine(hospital.id, world.organisations["hospital"], "みほん総合病院")
    with transaction() as session:
        chain.record(session, machine, Action.STUDY_ANNOUNCED, chain.Entity("study_reference"))
    (event,) = events()
    assert (event.agent_kind, event.agent_id) == ("gateway", hospital.id)
    assert event.agent_organisation_id == world.organisations["hospital"]


def test_a_days_work_leaves_no_name_in_the_chain(
    client_for: Callable[..., Browser], world: World
) -> None:
    """Ids only: names, readings and numbers of people never reach the audit."""
    client_for("mother").get(f"/handbook/children/{world.children['sakura']}")
    client_for("nurse").get("/staff/", query_string={"q": "さくら"})
    client_for("physician").get(f"/imaging/patients/{world.link('father', 'clinic')}")
    rows = events()
    assert len(rows) == 3
    written = " ".join(str(vars(row)) for row in rows)
    for word in ("見本", "さくら", "花子", "太郎", "B-7001", "A-000123", "T-0001"):
        assert word not in written
