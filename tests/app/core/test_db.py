"""The database session: what joins, what commits, what an instant is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError, StatementError

from app.core import clock
from app.core.db import reading, transaction
from app.core.ids import new_id
from app.identity.models import Account, CardChallenge
from tests.app.ledger import all_of

pytestmark = pytest.mark.usefixtures("database")


class Stop(Exception):
    """Ends a block on purpose."""


def challenge(name: str, expires_at: datetime) -> CardChallenge:
    return CardChallenge(nonce_hash=name, session_hash="s", purpose="login", expires_at=expires_at)


def work_that_stops() -> None:
    with transaction() as outer:
        with transaction() as inner:
            assert inner is outer
            inner.add(challenge("inner", clock.now()))
        with reading() as same:
            assert same is outer
        raise Stop


def test_an_inner_transaction_joins_the_outer_one() -> None:
    with pytest.raises(Stop):
        work_that_stops()
    assert not all_of(CardChallenge)


def test_an_instant_comes_back_aware_and_the_same() -> None:
    tokyo = timezone(timedelta(hours=9))
    at = datetime(2026, 11, 23, 0, 15, 30, 123456, tzinfo=tokyo)
    with transaction() as session:
        session.add(challenge("tokyo", at))
    (row,) = all_of(CardChallenge)
    assert row.expires_at == at
    assert row.expires_at.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2026, 11, 23)  # noqa: DTZ001 - the mistake itself
    with pytest.raises(StatementError, match="naive"), transaction() as session:
        session.add(challenge("naive", naive))


def test_a_reference_to_nobody_is_refused() -> None:
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Account(id=new_id(), person_id=UUID(int=5), created_at=clock.now()))
