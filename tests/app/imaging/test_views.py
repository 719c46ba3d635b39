"""Worklist, reception and the patient's page, as people use them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.core import clock
from app.identity.models import CardChallenge
from app.imaging.models import Grant, PatientLink, RequestState, ShareRequest
from app.jpki.challenge import Challenge
from tests.app.browser import Browser, logged_in
from tests.app.imaging.sharing import PURPOSE, in_json, signed
from tests.app.ledger import all_of, changing, events
from tests.app.world import NEIGHBOUR_STUDY_UID, ORIGIN, OTHER_STUDY_UID, STUDY_UID
from tests.pki import answer, issue_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from simulators.jlis.card_folder import Issued
    from simulators.jlis.office import Office
    from tests.app.imaging.sharing import Desk
    from tests.app.world import World


@pytest.fixture
def doctor(client_for: Callable[..., Browser]) -> Browser:
    return client_for("physician")


@pytest.fixture
def reception(client_for: Callable[..., Browser]) -> Browser:
    return client_for("reception-a")


def read_card(desk: Browser, issued: Issued) -> TestResponse:
    """The patient's card answers at the reception."""
    nonce = desk.challenge("/imaging/reception/challenge")
    token = answer(issued, Challenge(nonce=nonce, origin=ORIGIN))
    return desk.send("/imaging/reception/card", {"nonce": nonce, "token": token})


def link(desk: Browser, number: str) -> TestResponse:
    return desk.post("/imaging/reception/link", {"local_patient_id": number})


def test_the_worklist_says_what_exists_elsewhere(doctor: Browser) -> None:
    page = doctor.get("/imaging/").text
    assert "見本\u3000太郎" in page
    assert "隣\u3000次郎" in page
    assert "みほん総合病院" in page


def test_a_patient_is_shown_with_the_studies_of_other_hospitals_only(
    doctor: Browser, world: World
) -> None:
    page = doctor.get(f"/imaging/patients/{world.link('father', 'clinic')}").text
    for uid, shown in ((STUDY_UID, True), (OTHER_STUDY_UID, True), (NEIGHBOUR_STUDY_UID, False)):
        assert (f'value="{world.studies[uid]}"' in page) is shown
    (event,) = events(Action.PATIENT_OPENED)
    assert event.person_id == world["father"].person_id
    assert event.agent_organisation_id == world.organisations["clinic"]


def test_a_request_waits_for_the_patient(doctor: Browser, world: World) -> None:
    path = f"/imaging/patients/{world.link('father', 'clinic')}"
    form = {"purpose": PURPOSE, "study": [str(world.studies[STUDY_UID])]}
    assert doctor.get(path + "/state").json == {"state": "none"}
    assert doctor.post(path + "/requests", form).location == path
    assert doctor.get(path + "/state").json == {"state": "waiting"}
    (request,) = all_of(ShareRequest)
    assert (request.state, request.purpose) == (RequestState.WAITING, PURPOSE)
    assert request.person_id == world["father"].person_id
    assert len(events(Action.SHARE_REQUESTED)) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"purpose": ""}, "目的を、200字までで書いてください。"),
        ({"purpose": "  "}, "目的を、200字までで書いてください。"),
        ({"purpose": "長" * 201}, "目的を、200字までで書いてください。"),
        ({"study": []}, "見たい画像を、1つ以上選んでください。"),
        ({"study": ["not-an-id"]}, "見たい画像を、1つ以上選んでください。"),
    ],
    ids=range(5),
)
def test_a_request_with_something_missing_says_what(
    doctor: Browser, world: World, change: dict[str, object], words: str
) -> None:
    path = f"/imaging/patients/{world.link('father', 'clinic')}"
    form = {"purpose": "打った目的", "study": [str(world.studies[STUDY_UID])]} | change
    page = doctor.post(path + "/requests", form)
    assert page.status_code == 422
    assert words in page.text
    if "purpose" not in change:
        assert "打った目的" in page.text, "what was typed stays"
    assert not all_of(ShareRequest)


def test_a_request_for_studies_of_somebody_else_is_refused(doctor: Browser, world: World) -> None:
    path = f"/imaging/patients/{world.link('father', 'clinic')}"
    form = {"purpose": PURPOSE, "study": [str(world.studies[NEIGHBOUR_STUDY_UID])]}
    assert doctor.post(path + "/requests", form).status_code == 422
    assert not all_of(ShareRequest)


def test_the_page_moves_on_with_the_consent(doctor: Browser, desk: Desk, world: World) -> None:
    path = f"/imaging/patients/{world.link('father', 'clinic')}"
    grant = desk.grant()
    assert doctor.get(path + "/state").json == {"state": "open"}
    assert f"/imaging/grants/{grant}/view" in doctor.get(path).text
    with changing(Grant, id=grant) as row:
        row.until_at = clock.now() - timedelta(seconds=1)
    assert doctor.get(path + "/state").json == {"state": "ended"}
    assert f"/imaging/grants/{grant}/view" not in doctor.get(path).text


def test_a_colleague_sees_that_consent_is_for_another_physician(
    client_for: Callable[..., Browser], desk: Desk, world: World
) -> None:
    grant = desk.grant()
    page = client_for("colleague").get(f"/imaging/patients/{world.link('father', 'clinic')}").text
    assert "同意は、依頼した医師だけに向けたものです。" in page
    assert str(grant) not in page


def test_declined_and_lapsed_requests_are_told_apart(
    doctor: Browser, desk: Desk, client_for: Callable[..., Browser], world: World
) -> None:
    state = f"/imaging/patients/{world.link('father', 'clinic')}/state"
    first = desk.ask()
    with changing(ShareRequest, id=first.id) as row:
        row.answer_by = clock.now() - timedelta(seconds=1)
    assert doctor.get(state).json == {"state": "expired"}
    second = desk.ask()
    client_for("father").post(f"/imaging/requests/{second.id}/decline")
    assert doctor.get(state).json == {"state": "refused"}


def test_two_clicks_on_the_consent_open_one_grant(portal: Flask, desk: Desk, world: World) -> None:
    request = desk.ask()
    cms = signed(world["father"].card.signing, request.document)
    browsers = [logged_in(portal, world["father"]) for _ in range(4)]
    for browser in browsers:
        browser.csrf_token()

    def send(browser: Browser) -> int:
        return browser.send(f"/imaging/requests/{request.id}/consent", in_json(cms)).status_code

    with ThreadPoolExecutor(4) as clicks:
        statuses = sorted(clicks.map(send, browsers))
    assert statuses == [200, 409, 409, 409]
    assert len(all_of(Grant)) == 1


def test_the_patients_page_keeps_what_is_over(
    client_for: Callable[..., Browser], desk: Desk
) -> None:
    grant = desk.grant()
    patient = client_for("father")
    page = patient.get("/imaging/mine").text
    assert f"/imaging/grants/{grant}/withdraw" in page
    assert PURPOSE in page
    patient.post(f"/imaging/grants/{grant}/withdraw")
    page = patient.get("/imaging/mine").text
    assert "終わったお願い" in page
    assert f"/imaging/grants/{grant}/withdraw" not in page


def test_the_consent_page_shows_the_very_text_that_is_signed(
    client_for: Callable[..., Browser], desk: Desk
) -> None:
    request = desk.ask()
    page = client_for("father").get(f"/imaging/requests/{request.id}").text
    assert request.document in page
    assert "かりの内科クリニック" in page


def test_the_reception_joins_a_card_holder_to_a_number(reception: Browser, world: World) -> None:
    assert read_card(reception, world["mother"].card.auth).json == {
        "location": "/imaging/reception"
    }
    assert "見本\u3000花子" in reception.get("/imaging/reception").text
    assert link(reception, "A-555").location == "/imaging/reception"
    (row,) = all_of(PatientLink, local_patient_id="A-555")
    assert row.person_id == world["mother"].person_id
    assert row.organisation_id == world.organisations["hospital"]
    assert row.linked_by == world["reception-a"].account_id
    page = reception.get("/imaging/reception").text
    assert "A-555" in page
    assert "カードを確かめました" not in page, "the card is forgotten after use"


def test_linking_again_changes_nothing(reception: Browser, world: World) -> None:
    for _ in range(2):
        read_card(reception, world["father"].card.auth)
        assert link(reception, "A-000123").status_code == 302
    assert len(all_of(PatientLink, local_patient_id="A-000123")) == 1


def test_a_number_of_somebody_else_is_refused(reception: Browser, world: World) -> None:
    read_card(reception, world["mother"].card.auth)
    page = link(reception, "A-000123")
    assert page.status_code == 422
    assert "この患者番号は、別の方のものです" in page.text
    (row,) = all_of(PatientLink, local_patient_id="A-000123")
    assert row.person_id == world["father"].person_id


@pytest.mark.parametrize("number", ["", " ", "A 1", "../x", "あ", "A" * 65])
def test_a_number_no_hospital_has_is_refused(reception: Browser, world: World, number: str) -> None:
    read_card(reception, world["mother"].card.auth)
    page = link(reception, number)
    assert page.status_code == 422
    assert "患者番号を確かめてください" in page.text


def test_without_a_card_nobody_is_linked(reception: Browser) -> None:
    assert link(reception, "A-555").location == "/imaging/reception"
    assert not all_of(PatientLink, local_patient_id="A-555")


def test_a_card_can_be_forgotten(reception: Browser, world: World) -> None:
    read_card(reception, world["mother"].card.auth)
    reception.post("/imaging/reception/cancel")
    link(reception, "A-555")
    assert not all_of(PatientLink, local_patient_id="A-555")


def test_a_card_that_is_not_registered_is_told_so(reception: Browser, jlis: Office) -> None:
    card = issue_card(jlis, at=clock.now() - timedelta(days=1))
    answered = read_card(reception, card.auth)
    assert answered.status_code == 403
    assert answered.json is not None
    assert answered.json["code"] == "not-registered"
    assert reception.get(answered.json["location"]).status_code == 200
    assert "カードを確かめました" not in reception.get("/imaging/reception").text


def test_a_login_nonce_serves_no_reception(reception: Browser, world: World) -> None:
    nonce = reception.challenge("/login/challenge")
    token = answer(world["mother"].card.auth, Challenge(nonce=nonce, origin=ORIGIN))
    answered = reception.send("/imaging/reception/card", {"nonce": nonce, "token": token})
    assert answered.json is not None
    assert answered.json["code"] == "challenge-gone"


def test_only_a_reception_gets_a_nonce_for_patients(client_for: Callable[..., Browser]) -> None:
    assert client_for("mother").send("/imaging/reception/challenge", {}).status_code == 403
    assert not all_of(CardChallenge, purpose="reception")
