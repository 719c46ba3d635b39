"""From the request to the grant: whose signature over which text opens the images."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.identity.models import Account
from app.imaging.models import Consent, Grant, RequestState, ShareRequest
from tests.app.imaging.sharing import Desk, send_consent, signed, the_request
from tests.app.ledger import all_of, changing, events
from tests.app.world import NEIGHBOUR_STUDY_UID, OTHER_STUDY_UID, STUDY_UID, credentials_of
from tests.pki import issue_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from simulators.jlis.office import Office
    from tests.app.browser import Browser
    from tests.app.world import World


@pytest.fixture
def patient(client_for: Callable[..., Browser]) -> Browser:
    return client_for("father")


@pytest.fixture
def asked(desk: Desk) -> ShareRequest:
    return desk.ask()


def refused(answered: TestResponse, code: str, status: int = 403) -> str:
    """Assert the refusal and that nothing was opened; return the address of its page."""
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (status, code)
    assert not all_of(Grant)
    assert not all_of(Consent)
    last = events(Action.CONSENT_REFUSED)[-1]
    assert (last.outcome, last.detail) == ("refused", {"reason": code})
    return str(answered.json["location"])


def test_the_patients_signature_opens_exactly_what_was_asked(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    father = world["father"]
    cms = signed(father.card.signing, asked.document)
    answered = send_consent(patient, asked, cms)
    assert (answered.status_code, answered.json) == (200, {"location": "/imaging/mine"})
    (grant,) = all_of(Grant)
    assert grant.person_id == father.person_id
    assert grant.account_id == world["physician"].account_id
    assert grant.organisation_id == world.organisations["clinic"]
    assert grant.until_at == asked.view_until
    assert the_request(asked).state == RequestState.CONSENTED


def test_a_consent_is_kept_with_its_evidence(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    father = world["father"]
    cms = signed(father.card.signing, asked.document)
    send_consent(patient, asked, cms)
    (consent,) = all_of(Consent)
    assert (consent.cms, consent.document) == (cms, asked.document)
    assert consent.evidence["serial"] == father.card.signing.serial
    assert consent.evidence["status_source"] == "ocsp"
    assert consent.evidence["simulated"] is True
    (event,) = events(Action.CONSENT_GIVEN)
    assert (event.agent_id, event.person_id) == (father.account_id, father.person_id)
    assert event.agent_organisation_id is None


def test_the_text_names_everything_the_signature_means(asked: ShareRequest) -> None:
    for words in ("見本\u3000太郎", "かりの内科クリニック", "仮野\u3000医太郎", asked.purpose,
                  STUDY_UID, OTHER_STUDY_UID, "みほん総合病院", str(asked.id)):  # fmt: skip
        assert words in asked.document


def test_a_request_never_takes_along_somebody_elses_study(desk: Desk) -> None:
    request = desk.ask(STUDY_UID, NEIGHBOUR_STUDY_UID)
    assert NEIGHBOUR_STUDY_UID not in request.document
    assert [study.study_instance_uid for study in request.studies] == [STUDY_UID]


def test_another_persons_signature_is_refused(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    cms = signed(world["mother"].card.signing, asked.document)
    page = patient.get(refused(send_consent(patient, asked, cms), "not-the-patient"))
    assert "別の方のカードです" in page.text


def test_a_signature_over_another_text_is_refused(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    longer = asked.document.replace("時", "時まで延長")
    cms = signed(world["father"].card.signing, longer)
    page = patient.get(refused(send_consent(patient, asked, cms), "wrong-document"))
    assert "署名された文が違います" in page.text


def test_the_signature_under_another_request_is_refused(
    patient: Browser, desk: Desk, asked: ShareRequest, world: World
) -> None:
    other = desk.ask()
    cms = signed(world["father"].card.signing, other.document)
    refused(send_consent(patient, asked, cms), "wrong-document")


def test_the_login_key_is_never_a_consent(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    cms = signed(world["father"].card.auth, asked.document)
    page = patient.get(refused(send_consent(patient, asked, cms), "not-a-signature-certificate"))
    assert "署名用の証明書ではありません" in page.text


def test_a_revoked_signature_certificate_is_refused(
    patient: Browser, asked: ShareRequest, world: World, jlis: Office
) -> None:
    card = issue_card(jlis, at=clock.now() - timedelta(days=9))
    with transaction() as session:
        session.add_all(credentials_of(replace(world["father"], card=card)))
    jlis.revoke(card.name, at=clock.now() - timedelta(minutes=1))
    cms = signed(card.signing, asked.document)
    page = patient.get(refused(send_consent(patient, asked, cms), "signing-certificate-revoked"))
    assert "失効しています" in page.text


def test_an_unregistered_signature_certificate_is_refused(
    patient: Browser, asked: ShareRequest, jlis: Office
) -> None:
    card = issue_card(jlis, at=clock.now() - timedelta(days=9))
    cms = signed(card.signing, asked.document)
    page = patient.get(refused(send_consent(patient, asked, cms), "not-registered"))
    assert "登録されていません" in page.text


def test_a_closed_accounts_signature_is_refused(
    client_for: Callable[..., Browser], desk: Desk, asked: ShareRequest, world: World
) -> None:
    patient = client_for("father")
    patient.csrf_token()
    with changing(Account, id=world["mother"].account_id) as row:
        row.closed_at = clock.now()
    cms = signed(world["mother"].card.signing, asked.document)
    refused(send_consent(patient, asked, cms), "account-closed")
    assert desk.patient == "father"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"cms": "not base64!"}, 422), ({"cms": 7}, 422), ({"cms": "A" * 70_000}, 422)],
    ids=["nothing", "no-base64", "number", "too-long"],
)
def test_a_body_without_a_signature_is_refused(
    patient: Browser, asked: ShareRequest, body: dict[str, object], status: int
) -> None:
    answered = patient.send(f"/imaging/requests/{asked.id}/consent", body)
    assert answered.status_code == status
    assert answered.json is not None
    assert patient.get(answered.json["location"]).status_code == 200


def test_bytes_that_are_no_document_are_refused(patient: Browser, asked: ShareRequest) -> None:
    refused(send_consent(patient, asked, b"\x30\x03\x02\x01\x01"), "malformed-document")


def test_a_consent_counts_once(patient: Browser, asked: ShareRequest, world: World) -> None:
    cms = signed(world["father"].card.signing, asked.document)
    assert send_consent(patient, asked, cms).status_code == 200
    again = send_consent(patient, asked, cms)
    assert again.status_code == 409
    assert again.json is not None
    assert again.json["code"] == "already-answered"
    assert len(all_of(Grant)) == 1


def test_a_declined_request_stays_declined(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    assert patient.post(f"/imaging/requests/{asked.id}/decline").location == "/imaging/mine"
    assert the_request(asked).state == RequestState.REFUSED
    cms = signed(world["father"].card.signing, asked.document)
    refused(send_consent(patient, asked, cms), "already-answered", 409)
    assert patient.post(f"/imaging/requests/{asked.id}/decline").status_code == 409


def test_a_request_lapses_when_nobody_answers_in_time(
    patient: Browser, asked: ShareRequest, world: World
) -> None:
    with changing(ShareRequest, id=asked.id) as row:
        row.answer_by = clock.now() - timedelta(seconds=1)
    cms = signed(world["father"].card.signing, asked.document)
    refused(send_consent(patient, asked, cms), "already-answered", 409)
    assert patient.post(f"/imaging/requests/{asked.id}/decline").status_code == 409
    assert "いまはありません。" in patient.get("/imaging/mine").text


def test_nobody_else_may_answer(
    client_for: Callable[..., Browser], asked: ShareRequest, world: World
) -> None:
    cms = signed(world["father"].card.signing, asked.document)
    for key, status in (("mother", 404), ("physician", 403), ("far-physician", 404)):
        other = client_for(key)
        assert send_consent(other, asked, cms).status_code == status
        assert other.post(f"/imaging/requests/{asked.id}/decline").status_code == status
    assert the_request(asked).state == RequestState.WAITING
