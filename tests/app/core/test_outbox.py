"""The outbox: told after the change, again after a failure, once in effect."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from app.core import clock
from app.core.db import transaction
from app.core.errors import Unavailable
from app.core.outbox import Delivery, OutboxMessage, Told, deliver, tell
from tests.app.ledger import all_of

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.usefixtures("database")


class Ear:
    """Hears messages; fails as often as told to."""

    def __init__(self, *, failures: int = 0) -> None:
        self.heard: list[Told] = []
        self.failures = failures

    def __call__(self, message: Told) -> None:
        self.heard.append(message)
        if self.failures:
            self.failures -= 1
            raise Unavailable("not now")


def say(topic: str = "greeting", **payload: str) -> UUID:
    with transaction() as session:
        return tell(session, topic, payload)


def make_due() -> None:
    with transaction() as session:
        session.execute(update(OutboxMessage).values(due_at=clock.now() - timedelta(seconds=1)))


def change_that_fails() -> None:
    with transaction() as session:
        tell(session, "greeting", {})
        raise Unavailable("the change failed")


def test_a_message_is_told_once_with_its_payload() -> None:
    ear = Ear()
    told = say(to="somebody")
    assert deliver({"greeting": ear}) == Delivery(told=1)
    assert deliver({"greeting": ear}) == Delivery()
    assert [(one.id, one.payload) for one in ear.heard] == [(told, {"to": "somebody"})]


def test_what_was_rolled_back_is_never_told() -> None:
    with pytest.raises(Unavailable):
        change_that_fails()
    assert deliver({"greeting": Ear()}) == Delivery()


def test_a_topic_without_a_handler_waits() -> None:
    say("other")
    assert deliver({"greeting": Ear()}) == Delivery()
    assert len(all_of(OutboxMessage)) == 1


def test_a_failure_postpones_this_message_and_not_the_others() -> None:
    ear = Ear(failures=1)
    first, second = say(), say()
    assert deliver({"greeting": ear}) == Delivery(told=1, postponed=1)
    (waiting,) = all_of(OutboxMessage)
    assert (waiting.id, waiting.attempts, waiting.failure) == (first, 1, "unavailable")
    assert waiting.due_at > clock.now()
    make_due()
    assert deliver({"greeting": ear}) == Delivery(told=1)
    assert [one.id for one in ear.heard] == [first, second, first]


def test_the_wait_grows_and_has_an_end() -> None:
    say()
    waits = []
    for _ in range(12):
        make_due()
        deliver({"greeting": Ear(failures=1)})
        (row,) = all_of(OutboxMessage)
        waits.append(row.due_at - clock.now())
    assert waits[0] < timedelta(seconds=31)
    assert waits[2] > timedelta(seconds=100)
    assert waits[-1] <= timedelta(hours=1)
