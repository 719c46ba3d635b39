"""What a person sees of the audit chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit import chain
from app.audit.actions import Action
from app.audit.queries import events_visible_to
from app.authz.actor import Actor, Assurance
from app.core import clock
from app.core.db import reading, transaction

if TYPE_CHECKING:
    from tests.app.world import World


@pytest.mark.usefixtures("database")
def test_a_person_sees_events_about_themselves_newest_first(world: World) -> None:
    father, neighbour = world["father"], world["neighbour"]
    with transaction() as session:
        for one, action in (
            (father, Action.IMAGE_READ),
            (neighbour, Action.IMAGE_READ),
            (father, Action.CONSENT_GIVEN),
        ):
            chain.record(session, None, action, chain.Entity("image_grant", None, one.person_id))
    actor = Actor(
        father.account_id, father.person_id, father.name, Assurance.CARD, today=clock.today()
    )
    with reading() as session:
        every = session.scalars(events_visible_to(actor)).all()
        reads = session.scalars(events_visible_to(actor, Action.IMAGE_READ)).all()
    assert [event.number for event in every] == [3, 1]
    assert [event.number for event in reads] == [1]
