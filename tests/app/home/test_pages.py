"""What the family's first screens are made of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from app.core.db import reading
from app.home import pages
from tests.app.imaging.sharing import actor_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.usefixtures("portal")
STATEMENTS = 11


def test_each_child_shows_the_most_urgent_vaccine_with_its_reasons(world: World) -> None:
    cards = pages.family(actor_of(world["mother"]))
    assert [card.child.person.given_name for card in cards] == ["さくら", "ゆうと"]
    for card in cards:
        first, *others = card.upcoming
        assert first.result.reasons
        assert all(not item.result.reasons for item in others)


def test_the_visit_beside_it_holds_the_vaccine_and_others(world: World) -> None:
    card = pages.family(actor_of(world["mother"]))[0]
    assert card.visit is not None
    assert card.upcoming[0].group in {dose.group for dose in card.visit.doses}
    assert len(card.visit.doses) > 1


def test_the_schedule_puts_the_visits_of_all_children_in_order(world: World) -> None:
    page = pages.schedule(actor_of(world["mother"]))
    days = [row.visit.on for row in page.visits]
    assert days == sorted(days)
    assert {row.child.id for row in page.visits} == {
        world.children["sakura"],
        world.children["yuto"],
    }
    assert max(days) <= actor_of(world["mother"]).today + timedelta(days=366)
    assert page.months[0].first == days[0].replace(day=1)


def test_the_neighbours_schedule_is_about_the_neighbours_child(world: World) -> None:
    page = pages.schedule(actor_of(world["neighbour"]))
    assert {row.child.id for row in page.visits} == {world.children["momo"]}


def test_the_first_screen_asks_the_database_few_times(
    client_for: Callable[..., Browser],
) -> None:
    browser = client_for("mother")
    browser.get("/handbook/")
    asked: list[str] = []
    with reading() as session:
        engine = session.get_bind()
    event.listen(engine, "after_cursor_execute", lambda *args: asked.append(args[2]))
    assert browser.get("/handbook/").status_code == 200
    selects = [one for one in asked if one.startswith("SELECT")]
    assert len(selects) <= STATEMENTS, selects
