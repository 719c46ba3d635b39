"""Letters: among the family's news, read by their addressee alone, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.family.standing import Restriction, RestrictionKind
from app.immunization.models import Dose
from app.jobs.work import Office, one_round
from app.messagebox.models import Letter
from app.notifications.sending import Post
from app.reminders.wanted import still_wanted
from tests.app.ledger import all_of, events
from tests.app.world import provenance

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def letter(portal: Flask, world: World) -> str:
    """The address of the father's letter, sent just now."""
    post = Post({}, portal.extensions["sealer"], "http://127.0.0.1:8000", still_wanted)
    one_round(Office(post, first_hour=0))
    (row,) = all_of(Letter, account_id=world["father"].account_id)
    return f"/letters/{row.id}"


def test_a_letter_waits_among_the_news_and_is_opened_once(
    letter: str, client_for: Callable[..., Browser]
) -> None:
    father = client_for("father")
    news = father.get("/handbook/news").text
    assert letter in news
    assert "まだ読んでいません" in news
    page = father.get(letter).text
    assert "つなぐ市" in page
    assert "BCG" in page
    father.get(letter)
    assert len(events(Action.LETTER_OPENED)) == 1
    assert "まだ読んでいません" not in father.get("/handbook/news").text


def test_a_letter_speaks_the_language_it_is_opened_in(
    letter: str, client_for: Callable[..., Browser]
) -> None:
    assert "About vaccinations" in client_for("father").get(f"{letter}?lang=en").text


@pytest.mark.parametrize("who", ["mother", "neighbour", "nurse", "admin"])
def test_nobody_else_reads_it(who: str, letter: str, client_for: Callable[..., Browser]) -> None:
    assert client_for(who).get(letter).status_code == 404


def test_the_letter_says_what_was_done_since(
    letter: str, world: World, client_for: Callable[..., Browser]
) -> None:
    father = client_for("father")
    assert "このお知らせは済みです" not in father.get(letter).text
    day = clock.today()
    child_id = world.children["sakura"]
    with transaction() as session:
        session.add(Dose(child_id=child_id, product="BCG", given_on=day, **provenance(world, day)))
    assert "このお知らせは済みです" in father.get(letter).text


def test_a_letter_hides_a_child_its_reader_may_no_longer_be_told_of(
    letter: str, world: World, client_for: Callable[..., Browser]
) -> None:
    with transaction() as session:
        session.add(
            Restriction(
                id=new_id(),
                child_id=world.children["sakura"],
                account_id=world["father"].account_id,
                kind=RestrictionKind.VIOLENCE,
                from_on=clock.today(),
            )
        )
    page = client_for("father").get(letter).text
    assert "さくら" not in page
    assert "BCG" not in page


def test_the_table_holds_nothing_readable(letter: str) -> None:
    assert letter
    for row in all_of(Letter):
        assert b"BCG" not in row.sealed_body
        assert b"child" not in row.sealed_body
