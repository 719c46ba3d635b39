"""From the grant to the image: what a token says, and when there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.crypto.signing import VerifyingKeys
from app.identity.models import MembershipRow
from app.imaging.grants import TOKEN_LIFE
from app.imaging.models import Consent, Grant, IssuedToken
from app.imaging.tokens import TOKEN_TYPE
from app.registry.models import LicenseRow, Practitioner
from app.web.wire import wire_schema
from tests.app.ledger import all_of, changing, events
from tests.app.world import ORIGIN, OTHER_STUDY_UID, STUDY_UID

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.imaging.sharing import Desk
    from tests.app.world import World


@pytest.fixture
def grant_id(desk: Desk) -> UUID:
    return desk.grant()


@pytest.fixture
def ask_token(
    client_for: Callable[..., Browser], world: World, grant_id: UUID
) -> Callable[..., TestResponse]:
    def ask(
        who: str = "physician",
        *,
        gateway: object = world.gateways["hospital"].id,
        grant: object = grant_id,
        assurance: Assurance = Assurance.CARD,
    ) -> TestResponse:
        browser = client_for(who, assurance)
        return browser.send(f"/imaging/grants/{grant}/token", {"gateway": str(gateway)})

    return ask


def refused(answered: TestResponse, status: int, code: str) -> None:
    assert answered.json is not None
    assert (answered.status_code, answered.json.get("code")) == (status, code)


def claims_of(portal: Flask, token: str) -> dict[str, Any]:
    key = portal.extensions["image_tokens"].key
    return VerifyingKeys.from_jwks({"keys": [key.public_jwk()]}).verify(token, typ=TOKEN_TYPE)


def test_a_token_says_exactly_what_the_contract_says(
    portal: Flask, world: World, ask_token: Callable[..., TestResponse], grant_id: UUID
) -> None:
    answered = ask_token()
    assert answered.json is not None
    assert answered.json["expires_in"] == TOKEN_LIFE.total_seconds()
    claims = claims_of(portal, answered.json["token"])
    Draft202012Validator(wire_schema("image-access-token")).validate(claims)
    (issued,) = all_of(IssuedToken)
    assert claims == {
        "iss": ORIGIN,
        "aud": str(world.gateways["hospital"].id),
        "sub": str(world["physician"].account_id),
        "iat": claims["iat"],
        "exp": claims["iat"] + 300,
        "jti": str(issued.id),
        "grant": str(grant_id),
        "studies": claims["studies"],
    }
    assert set(claims["studies"]) == {STUDY_UID, OTHER_STUDY_UID}
    assert abs(claims["iat"] - clock.now().timestamp()) < 30


def test_each_token_is_written_down(ask_token: Callable[..., TestResponse], world: World) -> None:
    ask_token()
    (event,) = events(Action.IMAGE_TOKEN_ISSUED)
    assert event.agent_id == world["physician"].account_id
    assert event.person_id == world["father"].person_id
    assert event.agent_organisation_id == world.organisations["clinic"]


def test_a_token_carries_only_the_studies_of_its_grant(
    portal: Flask, desk: Desk, ask_token: Callable[..., TestResponse]
) -> None:
    answered = ask_token(grant=desk.grant(OTHER_STUDY_UID))
    assert answered.json is not None
    assert claims_of(portal, answered.json["token"])["studies"] == [OTHER_STUDY_UID]


def test_withdrawal_ends_the_tokens(
    client_for: Callable[..., Browser], ask_token: Callable[..., TestResponse], grant_id: UUID
) -> None:
    assert ask_token().status_code == 200
    patient = client_for("father")
    assert patient.post(f"/imaging/grants/{grant_id}/withdraw").location == "/imaging/mine"
    refused(ask_token(), 403, "consent-ended")
    (consent,) = all_of(Consent)
    assert consent.withdrawn_at is not None
    assert len(events(Action.CONSENT_WITHDRAWN)) == 1
    patient.post(f"/imaging/grants/{grant_id}/withdraw")
    assert len(events(Action.CONSENT_WITHDRAWN)) == 1, "once is enough"
    page = client_for("physician").get(f"/imaging/grants/{grant_id}/view")
    assert page.status_code == 403


def test_a_grant_ends_by_itself(ask_token: Callable[..., TestResponse], grant_id: UUID) -> None:
    with changing(Grant, id=grant_id) as row:
        row.until_at = clock.now() - timedelta(seconds=1)
    refused(ask_token(), 403, "consent-ended")


def test_no_token_outlives_its_grant(
    portal: Flask, ask_token: Callable[..., TestResponse], grant_id: UUID
) -> None:
    with changing(Grant, id=grant_id) as row:
        row.until_at = clock.now() + timedelta(seconds=60)
    answered = ask_token()
    assert answered.json is not None
    assert answered.json["expires_in"] <= 60
    claims = claims_of(portal, answered.json["token"])
    assert claims["exp"] - claims["iat"] <= 60


def test_a_gateway_without_a_study_of_the_grant_gets_no_token(
    ask_token: Callable[..., TestResponse], world: World
) -> None:
    refused(ask_token(gateway=world.gateways["clinic"].id), 403, "consent-ended")
    refused(ask_token(gateway=uuid4()), 403, "consent-ended")
    refused(ask_token(gateway="../x"), 422, "bad-input")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("colleague", 404, "grant-not-found"),
        ("far-physician", 404, "grant-not-found"),
        ("mother", 404, "grant-not-found"),
        ("father", 403, "forbidden"),
    ],
)
def test_a_grant_is_for_one_physician(
    ask_token: Callable[..., TestResponse], who: str, status: int, code: str
) -> None:
    refused(ask_token(who), status, code)


def test_a_missing_grant_answers_as_a_strangers(ask_token: Callable[..., TestResponse]) -> None:
    refused(ask_token(grant=uuid4()), 404, "grant-not-found")


def test_the_card_is_asked_for(ask_token: Callable[..., TestResponse]) -> None:
    refused(ask_token(assurance=Assurance.PASSKEY), 401, "card-needed")


def practitioner_of(world: World, key: str) -> UUID:
    (row,) = all_of(Practitioner, person_id=world[key].person_id)
    return row.id


def test_without_a_licence_in_force_there_is_no_token(
    ask_token: Callable[..., TestResponse], world: World
) -> None:
    practitioner = practitioner_of(world, "physician")
    today = clock.today()
    for expires_on, status in ((today, 200), (today - timedelta(days=1), 403)):
        with changing(LicenseRow, practitioner_id=practitioner) as row:
            row.expires_on = expires_on
        assert ask_token().status_code == status


def test_who_left_the_clinic_gets_no_token(
    ask_token: Callable[..., TestResponse], world: World
) -> None:
    with changing(MembershipRow, account_id=world["physician"].account_id) as row:
        row.until_on = clock.today() - timedelta(days=1)
    refused(ask_token(), 403, "forbidden")


def test_who_works_elsewhere_now_gets_no_token(
    ask_token: Callable[..., TestResponse], world: World
) -> None:
    with changing(MembershipRow, account_id=world["physician"].account_id) as row:
        row.organisation_id = world.organisations["far-clinic"]
    refused(ask_token(), 403, "forbidden")


def test_opening_the_viewer_is_written_down_and_tells_no_more_than_needed(
    client_for: Callable[..., Browser], grant_id: UUID, world: World
) -> None:
    page = client_for("physician").get(f"/imaging/grants/{grant_id}/view")
    assert page.status_code == 200
    assert len(events(Action.IMAGE_OPENED)) == 1
    assert STUDY_UID in page.text
    assert world.gateways["hospital"].base_url in page.text
    assert world.gateways["clinic"].base_url not in page.text
    assert "A-000123" not in page.text, "the other hospital's number is none of the viewer's"
    assert "eyJ" not in page.text, "no token in the page"
