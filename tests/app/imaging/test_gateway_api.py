"""What gateways report: proved by their own key, counted once, shown to the person concerned."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from app.audit.actions import Action
from app.core import clock
from app.crypto.signing import generate_key_pem
from app.imaging.models import GatewayEvent, IssuedToken, StudyReference
from app.registry.models import Gateway
from dicom_gateway.crypto import PortalKeys, ReportSigner, TokenVerifier
from tests.app.ledger import all_of, events
from tests.app.world import ORIGIN, STUDY_UID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.imaging.sharing import Desk
    from tests.app.world import Hospital, World

EVENTS = "/api/gateway/v1/events"
NEW_UID = "1.2.826.0.1.3680043.10.1.99"


@dataclass
class Reporter:
    """A hospital's gateway, with its own code for signing."""

    portal: Flask
    hospital: Hospital
    folder: Path
    origin: str = ORIGIN

    def bearer(self, body: bytes, *, at: int | None = None, key: bytes = b"") -> str:
        """The token that goes with this body."""
        path = self.folder / "signing.pem"
        path.write_bytes(key or self.hospital.key_pem)
        signer = ReportSigner(path, gateway_id=str(self.hospital.id), portal_origin=self.origin)
        return signer.bearer(body, at=at or int(clock.now().timestamp()))

    def report(self, *reported: dict[str, Any]) -> TestResponse:
        """Send these events as the gateway does."""
        body = json.dumps({"events": reported}).encode()
        return self.send(body, self.bearer(body))

    def send(self, body: bytes, token: str) -> TestResponse:
        """Send these bytes under this token."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.portal.test_client().post(
            EVENTS, data=body, headers=headers, content_type="application/json"
        )


@pytest.fixture
def gateway(portal: Flask, world: World, tmp_path: Path) -> Reporter:
    return Reporter(portal, world.gateways["hospital"], tmp_path)


def stored(uid: str = NEW_UID, **changes: Any) -> dict[str, Any]:
    """A ``study.stored`` event."""
    study = {
        "study_instance_uid": uid,
        "patient_id": "A-000123",
        "study_date": "2026-11-20",
        "description": "CHEST CT",
        "modalities": ["CT"],
        "series": 1,
        "instances": 10,
    }
    return {
        "id": str(uuid4()),
        "type": "study.stored",
        "at": clock.now().isoformat(),
        "study": study | changes,
    }


def read(token: IssuedToken, **changes: Any) -> dict[str, Any]:
    """An ``images.read`` event about a token."""
    access = {
        "grant": str(token.grant_id),
        "token_id": str(token.id),
        "study_instance_uid": STUDY_UID,
        "first_at": "2026-11-20T10:00:00+09:00",
        "last_at": "2026-11-20T10:05:00+09:00",
        "instances": 2,
        "frames": 22,
    }
    return {
        "id": str(uuid4()),
        "type": "images.read",
        "at": clock.now().isoformat(),
        "access": access | changes,
    }


@pytest.fixture
def token(desk: Desk, client_for: Callable[..., Browser], world: World) -> IssuedToken:
    """A token the physician was given for the hospital's gateway."""
    body = {"gateway": str(world.gateways["hospital"].id)}
    client_for("physician").send(f"/imaging/grants/{desk.grant()}/token", body)
    (issued,) = all_of(IssuedToken)
    return issued


def test_a_stored_study_enters_the_directory(gateway: Reporter, world: World) -> None:
    event = stored()
    answered = gateway.report(event)
    assert (answered.status_code, answered.json) == (
        200,
        {"accepted": [event["id"]], "rejected": []},
    )
    (study,) = all_of(StudyReference, study_instance_uid=NEW_UID)
    assert (study.instances, study.local_patient_id) == (10, "A-000123")
    (seen,) = all_of(Gateway, id=world.gateways["hospital"].id)
    assert seen.seen_at is not None
    (written,) = events(Action.STUDY_ANNOUNCED)
    assert (written.agent_kind, written.agent_id) == ("gateway", gateway.hospital.id)
    assert written.person_id == world["father"].person_id


def test_a_study_that_grew_is_the_same_study(gateway: Reporter) -> None:
    gateway.report(stored())
    gateway.report(stored(series=2, instances=40, modalities=["CT", "SR"]))
    (study,) = all_of(StudyReference, study_instance_uid=NEW_UID)
    assert (study.series, study.instances, study.modalities) == (2, 40, ["CT", "SR"])


def test_an_event_sent_twice_counts_once(gateway: Reporter, token: IssuedToken) -> None:
    event = read(token)
    for _ in range(2):
        assert gateway.report(event).json == {"accepted": [event["id"]], "rejected": []}
    assert gateway.report(event, event).json == {"accepted": [event["id"]] * 2, "rejected": []}
    assert len(events(Action.IMAGE_READ)) == 1
    assert len(all_of(GatewayEvent)) == 1


def test_the_patient_sees_who_looked_and_when(
    gateway: Reporter, token: IssuedToken, client_for: Callable[..., Browser]
) -> None:
    patient = client_for("father")
    assert "まだだれも見ていません" in patient.get("/imaging/mine").text
    gateway.report(read(token))
    page = patient.get("/imaging/mine").text
    assert "仮野\u3000医太郎" in page
    assert "2026年11月20日（金） 10:00" in page
    assert "24枚" in page
    assert "仮野" not in client_for("mother").get("/imaging/mine").text


def test_a_reading_under_an_unknown_token_is_refused_for_good(
    gateway: Reporter, token: IssuedToken, world: World, portal: Flask, tmp_path: Path
) -> None:
    unknown = read(token, token_id=str(uuid4()))
    other_grant = read(token, grant=str(uuid4()))
    good = stored()
    answered = gateway.report(unknown, other_grant, good)
    assert answered.json == {
        "accepted": [good["id"]],
        "rejected": [
            {"id": unknown["id"], "reason": "unknown token"},
            {"id": other_grant["id"], "reason": "unknown token"},
        ],
    }
    elsewhere = Reporter(portal, world.gateways["clinic"], tmp_path)
    assert elsewhere.report(read(token)).json["rejected"]  # type: ignore[index]
    assert not events(Action.IMAGE_READ)


def test_the_same_uid_at_another_hospital_is_another_study(
    portal: Flask, gateway: Reporter, world: World, tmp_path: Path
) -> None:
    gateway.report(stored())
    Reporter(portal, world.gateways["clinic"], tmp_path).report(stored(patient_id="B-7001"))
    studies = all_of(StudyReference, study_instance_uid=NEW_UID)
    assert {study.gateway_id for study in studies} == {g.id for g in world.gateways.values()}


def untrusted(answered: TestResponse) -> None:
    assert answered.status_code == 403
    assert answered.json is not None
    assert answered.json["code"] == "gateway-not-trusted"
    assert not all_of(StudyReference, study_instance_uid=NEW_UID)
    assert not all_of(GatewayEvent)


def body_of(*reported: dict[str, Any]) -> bytes:
    return json.dumps({"events": reported}).encode()


def test_without_a_token_nothing_is_taken_in(portal: Flask) -> None:
    client = portal.test_client()
    untrusted(client.post(EVENTS, data=body_of(stored()), content_type="application/json"))
    for value in ("Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer é"):
        headers = {"Authorization": value}
        untrusted(client.post(EVENTS, data=body_of(stored()), headers=headers))


def test_another_key_is_not_that_gateway(gateway: Reporter) -> None:
    body = body_of(stored())
    untrusted(gateway.send(body, gateway.bearer(body, key=generate_key_pem())))


def test_one_gateway_cannot_speak_for_another(gateway: Reporter, world: World) -> None:
    body = body_of(stored())
    untrusted(gateway.send(body, gateway.bearer(body, key=world.gateways["clinic"].key_pem)))


def test_an_unknown_gateway_is_not_heard(portal: Flask, world: World, tmp_path: Path) -> None:
    unknown = Reporter(portal, replace(world.gateways["hospital"], id=uuid4()), tmp_path)
    untrusted(unknown.report(stored()))


def test_a_changed_body_is_refused(gateway: Reporter) -> None:
    body = body_of(stored(instances=1))
    untrusted(
        gateway.send(body.replace(b'"instances": 1', b'"instances": 2'), gateway.bearer(body))
    )


@pytest.mark.parametrize("drift", [-120, 60, 3600], ids=lambda drift: f"{drift}s")
def test_a_token_of_another_time_is_refused(gateway: Reporter, drift: int) -> None:
    body = body_of(stored())
    at = int((clock.now() + timedelta(seconds=drift)).timestamp())
    untrusted(gateway.send(body, gateway.bearer(body, at=at)))


def test_a_token_for_another_portal_is_refused(gateway: Reporter) -> None:
    gateway.origin = "https://other.example"
    untrusted(gateway.report(stored()))


@pytest.mark.parametrize(
    "change",
    [{"exp": "soon"}, {"iat": None}, {"body_sha256": None}, {"iss": "me"}, {"life": 3600}],
    ids=str,
)
def test_claims_that_are_not_the_contracts_are_refused(
    gateway: Reporter, change: dict[str, Any]
) -> None:
    body = body_of(stored())
    good = jws.extract_compact(gateway.bearer(body).encode())
    claims = json.loads(good.payload)
    if "life" in change:
        change = {"exp": claims["iat"] + change["life"]}
    key = ECKey.import_key(gateway.hospital.key_pem.decode())
    forged = jws.serialize_compact(
        dict(good.headers()), json.dumps(claims | change).encode(), key, ["ES256"]
    )
    untrusted(gateway.send(body, forged))


def test_a_token_of_another_kind_is_refused(
    gateway: Reporter, portal: Flask, token: IssuedToken
) -> None:
    """The portal's own access token does not open the gateways' door."""
    issuer = portal.extensions["image_tokens"]
    stolen = issuer.issue(token, account_id=uuid4(), studies=[STUDY_UID])
    assert gateway.send(body_of(stored()), stolen).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"events": []}',
        b'{"events": {}}',
        b'{"events": [{}]}',
        b'{"events": [7]}',
        body_of({"id": "x", "type": "study.stored"}),
        body_of(*[stored() for _ in range(101)]),
        b'{"events": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
    ids=range(12),
)
def test_a_report_that_cannot_be_answered_event_by_event_is_refused(
    gateway: Reporter, body: bytes
) -> None:
    answered = gateway.send(body, gateway.bearer(body))
    assert answered.status_code == 422
    assert answered.json is not None
    assert answered.json["code"] == "bad-report"
    assert not all_of(GatewayEvent)


@pytest.mark.parametrize(
    "bad",
    [
        stored(uid="../../x"),
        stored(uid="1" * 65),
        stored(instances=0),
        stored(patient_name="見本 太郎"),
        stored(study_date="2026-13-01"),
        stored(study_date="2026-02-30"),
        stored(study_date="0000-01-01"),
        stored(patient_id="A\x00B"),
        stored(description="\x00"),
        stored(modalities=["C\x00T"]),
        {**stored(), "type": "study.deleted"},
        {**stored(), "more": 1},
    ],
    ids=range(12),
)
def test_a_malformed_event_is_named_and_holds_up_nobody(
    gateway: Reporter, bad: dict[str, Any]
) -> None:
    good = stored()
    answered = gateway.report(bad, good)
    assert answered.status_code == 200
    assert answered.json == {
        "accepted": [good["id"]],
        "rejected": [{"id": bad["id"], "reason": "malformed"}],
    }
    assert len(all_of(GatewayEvent)) == 1


def test_the_gateways_own_code_accepts_the_portals_tokens(
    portal: Flask, token: IssuedToken, world: World, tmp_path: Path
) -> None:
    issuer = portal.extensions["image_tokens"]
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [issuer.key.public_jwk()]}))
    verifier = TokenVerifier(
        PortalKeys(keys), issuer=ORIGIN, audience=str(world.gateways["hospital"].id)
    )
    text = issuer.issue(token, account_id=world["physician"].account_id, studies=[STUDY_UID])
    access = verifier.verify(text, at=int(clock.now().timestamp()))
    assert (access.token_id, access.grant) == (token.id, token.grant_id)
    assert access.studies == frozenset({STUDY_UID})
