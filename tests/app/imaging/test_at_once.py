"""Things done twice at the same instant happen once, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

from app.authz.actor import Machine
from app.core.errors import TsunaguError
from app.imaging import reports, service
from app.imaging.models import GatewayEvent, PatientLink
from tests.app.imaging.sharing import actor_of
from tests.app.ledger import all_of

if TYPE_CHECKING:
    from flask import Flask

    from tests.app.world import World


def stored(uid: str) -> dict[str, object]:
    study = {
        "study_instance_uid": uid,
        "patient_id": "A-000123",
        "study_date": None,
        "description": "CT",
        "modalities": ["CT"],
        "series": 1,
        "instances": 1,
    }
    return {
        "id": str(uuid4()),
        "type": "study.stored",
        "at": "2026-11-22T00:00:00Z",
        "study": study,
    }


def test_a_report_sent_twice_at_once_is_taken_in_once(portal: Flask, world: World) -> None:
    hospital = world.gateways["hospital"]
    gateway = Machine(hospital.id, world.organisations["hospital"], "A")
    event = stored("1.2.3.4.5")
    with ThreadPoolExecutor(4) as crowd:
        receipts = list(crowd.map(lambda _: reports.take_in(gateway, [event]), range(4)))
    assert [receipt.accepted for receipt in receipts] == [[event["id"]]] * 4
    assert len(all_of(GatewayEvent)) == 1
    assert portal is not None


def test_one_number_linked_to_two_people_at_once_goes_to_one(portal: Flask, world: World) -> None:
    desk = actor_of(world["reception-a"])

    def link(person: str) -> str:
        entry = service.LinkEntry(
            world.organisations["hospital"], world[person].person_id, "A-999999"
        )
        try:
            service.link_patient(desk, entry)
        except TsunaguError as refusal:
            return refusal.code
        return "linked"

    with ThreadPoolExecutor(2) as crowd:
        outcomes = sorted(crowd.map(link, ("mother", "grandmother")))
    assert outcomes == ["linked", "patient-id-taken"]
    assert len(all_of(PatientLink, local_patient_id="A-999999")) == 1
