"""One child's record as a file: valid FHIR, the family's or the health center's, written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from app.audit.actions import Action
from app.core.provenance import Source
from app.crypto.digests import sha256_hex
from app.immunization.models import Dose
from tests.app.ledger import all_of, changing, events
from tests.app.world import SAKURA_DOSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

JP_CORE = "http://jpfhir.jp/fhir/core/StructureDefinition/"


def download(browser: Browser, world: World, child: str = "sakura") -> TestResponse:
    return browser.get(f"/handbook/children/{world.children[child]}/vaccinations.fhir.json")


def resources(answer: TestResponse, kind: str) -> list[dict[str, Any]]:
    entries = json.loads(answer.text)["entry"]
    return [one["resource"] for one in entries if one["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("who", ["mother", "nurse"])
def test_the_family_and_the_health_center_download_valid_fhir(
    client_for: Callable[..., Browser], world: World, who: str
) -> None:
    answer = download(client_for(who), world)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    bundle = Bundle.model_validate_json(answer.text)
    addresses = [entry.fullUrl for entry in bundle.entry or ()]
    assert len(set(addresses)) == len(addresses)
    [child] = resources(answer, "Patient")
    assert child["meta"]["profile"] == [JP_CORE + "JP_Patient"]
    assert [name["extension"][0]["valueCode"] for name in child["name"]] == ["IDE", "SYL"]
    assert child["birthDate"] == world.born_on("sakura").isoformat()
    assert "address" not in child
    given = resources(answer, "Immunization")
    assert sorted(one["vaccineCode"]["coding"][0]["code"] for one in given) == sorted(
        product for product, _ in SAKURA_DOSES
    )
    assert all(one["meta"]["profile"] == [JP_CORE + "JP_Immunization"] for one in given)
    judged = resources(answer, "ImmunizationEvaluation")
    assert {one["immunizationEvent"]["reference"] for one in judged} <= set(addresses)
    [ahead] = resources(answer, "ImmunizationRecommendation")
    assert len(ahead["recommendation"]) == 13
    [origin] = resources(answer, "Provenance")
    assert origin["agent"][0]["who"]["display"] == "つなぐ市"


def test_the_file_is_written_down_with_its_digest_and_nothing_of_its_content(
    client_for: Callable[..., Browser], world: World
) -> None:
    answer = download(client_for("mother"), world)
    [event] = events(Action.RECORD_EXPORTED)
    digest = sha256_hex(answer.data)
    assert event.detail == {"format": "fhir-r4", "sha256": digest, "doses": len(SAKURA_DOSES)}
    assert answer.headers["X-Content-SHA256"] == digest
    assert event.agent_id == world["mother"].account_id


def test_a_dose_the_parents_wrote_says_so(client_for: Callable[..., Browser], world: World) -> None:
    [dose] = all_of(Dose, child_id=world.children["sakura"], product="RV1")
    with changing(Dose, id=dose.id) as row:
        row.source, row.lot, row.facility = Source.GUARDIAN, "L-7", "みほん小児科"
    given = resources(download(client_for("mother"), world), "Immunization")
    [own] = [one for one in given if not one["primarySource"]]
    assert own["reportOrigin"]["coding"][0]["code"] == "recall"
    assert (own["lotNumber"], own["location"]["display"]) == ("L-7", "みほん小児科")


@pytest.mark.parametrize("who", ["neighbour", "far-nurse", "physician", "admin"])
def test_nobody_else_learns_that_the_child_exists(
    client_for: Callable[..., Browser], world: World, who: str
) -> None:
    assert download(client_for(who), world).status_code == 404
    assert events(Action.RECORD_EXPORTED) == []


def test_both_pages_of_the_record_lead_to_the_file(
    client_for: Callable[..., Browser], world: World
) -> None:
    child = world.children["sakura"]
    file = f'href="/handbook/children/{child}/vaccinations.fhir.json"'
    assert file in client_for("mother").get(f"/handbook/children/{child}/vaccinations").text
    assert file in client_for("nurse").get(f"/staff/children/{child}").text
