"""A child's record as page objects: composed, scoped, and opened with a trace."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.family.errors import ChildNotFound
from app.family.models import Guardianship
from app.handbook.models import Checkup, Measurement
from app.immunization.models import Dose
from app.record import pages
from tests.app.imaging.sharing import actor_of
from tests.app.ledger import events
from tests.app.world import guardianship

if TYPE_CHECKING:
    from tests.app.world import World

pytestmark = pytest.mark.usefixtures("portal")


def test_a_childs_page_brings_everything_together(world: World) -> None:
    page = pages.child_page(actor_of(world["mother"]), world.children["sakura"])
    assert page.child.person.given_name == "さくら"
    assert [dose.product for dose in page.doses][-1] == "HEPB"
    assert len(page.doses) == 5
    assert [checkup.page for checkup in page.checkups] == ["checkup_3_4m"]
    assert page.upcoming


def test_opening_a_record_is_written_down_each_time(world: World) -> None:
    mother = world["mother"]
    for _ in range(2):
        pages.growth_page(actor_of(mother), world.children["sakura"])
    pages.checkups_page(actor_of(mother), world.children["sakura"])
    opened = events(Action.CHILD_OPENED)
    assert [event.agent_id for event in opened] == [mother.account_id] * 3
    assert {event.entity_id for event in opened} == {world.children["sakura"]}


@pytest.mark.parametrize("who", ["neighbour", "grandmother", "physician", "far-nurse", "admin"])
def test_who_has_no_part_in_a_child_does_not_find_it(world: World, who: str) -> None:
    for page in (pages.child_page, pages.vaccination_page, pages.growth_page, pages.checkups_page):
        with pytest.raises(ChildNotFound):
            page(actor_of(world[who]), world.children["sakura"])
    assert not events(Action.CHILD_OPENED)


def test_a_guardianship_begins_and_ends_on_its_days(world: World) -> None:
    sakura, today = world.children["sakura"], clock.today()
    with transaction() as session:
        row = guardianship(world, "neighbour", "sakura", until_on=today)
        session.add(row)
    assert pages.open_child(actor_of(world["neighbour"]), sakura).id == sakura
    with transaction() as session:
        session.get_one(Guardianship, row.id).from_on = today + timedelta(days=1)
        session.get_one(Guardianship, row.id).until_on = None
    with pytest.raises(ChildNotFound):
        pages.open_child(actor_of(world["neighbour"]), sakura)


@pytest.mark.parametrize("kind", [Dose, Measurement, Checkup])
@pytest.mark.parametrize("change", ["voided", "superseded"])
def test_what_was_voided_or_replaced_is_not_shown(
    world: World, kind: type[Dose | Measurement | Checkup], change: str
) -> None:
    sakura = world.children["sakura"]
    with transaction() as session:
        rows: list[Any] = session.query(kind).filter_by(child_id=sakura).all()
        for row in rows:
            row.voided = change == "voided"
            row.superseded_at = clock.now() if change == "superseded" else None
    page = pages.child_page(actor_of(world["mother"]), sakura)
    shown = {Dose: page.doses, Checkup: page.checkups, Measurement: page.weight.dots}[kind]
    assert not shown
