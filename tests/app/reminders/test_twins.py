"""Twins: one letter names both, and a dose of one ends that one's line alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.family.models import Child
from app.identity.models import Person, Sex
from app.immunization.models import Dose
from app.jobs.work import one_round
from app.messagebox.models import Letter
from app.messagebox.posting import read_letter
from tests.app.ledger import all_of
from tests.app.told import channel_of
from tests.app.world import guardianship, provenance

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from app.jobs.work import Office
    from tests.app.told import Mails
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def twin(world: World, office: Office) -> UUID:
    """さくら's twin, born the same day, with the same doses and the same mother."""
    sakura, city = world.children["sakura"], world.organisations["city"]
    person = Person(
        id=new_id(), family_name="見本", given_name="つばき", family_kana="みほん",
        given_kana="つばき", sex=Sex.FEMALE, born_on=world.born_on("sakura"),
    )  # fmt: skip
    child = Child(id=new_id(), person_id=person.id, municipality_id=city, handbook_number="TWIN-2")
    given = [(dose.product, dose.given_on) for dose in all_of(Dose, child_id=sakura)]
    guards = guardianship(world, "mother", "sakura")
    guards.child_id = child.id
    with transaction() as session:
        for row in (person, child, guards):
            session.add(row)
            session.flush()
        for product, day in given:
            where = provenance(world, day)
            session.add(Dose(child_id=child.id, product=product, given_on=day, **where))
    return child.id


def lines(portal: Flask, world: World) -> dict[str, set[str]]:
    """By child: the vaccines of the mother's only letter."""
    (letter,) = all_of(Letter, account_id=world["mother"].account_id)
    said: dict[str, set[str]] = {}
    for item in read_letter(letter, portal.extensions["sealer"])["items"]:
        said.setdefault(item["child"], set()).add(item["group"])
    return said


def test_one_letter_and_one_mail_speak_of_both_each_with_all_its_lines(
    office: Office, world: World, portal: Flask, mails: Mails, twin: UUID
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    one_round(office)
    said = lines(portal, world)
    assert said[str(twin)] == said[str(world.children["sakura"])]
    assert len(mails.received()) == 1


@pytest.mark.parametrize("vaccinated", ["sakura", "twin"])
def test_a_dose_of_one_twin_ends_its_own_line_and_not_the_others(
    vaccinated: str, office: Office, world: World, portal: Flask, twin: UUID
) -> None:
    sakura, day = world.children["sakura"], clock.today()
    one, other = (sakura, twin) if vaccinated == "sakura" else (twin, sakura)
    with transaction() as session:
        dose = Dose(child_id=one, product="BCG", given_on=day, **provenance(world, day))
        session.add(dose)
    one_round(office)
    said = lines(portal, world)
    assert "BCG" not in said.get(str(one), set())
    assert "BCG" in said[str(other)]
