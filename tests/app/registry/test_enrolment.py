"""A gateway joins with a one-time code: the portal's door and the gateway's own command."""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey

from app.audit.actions import Action
from app.authz.actor import Role
from app.core import clock
from app.crypto.digests import sha256_hex
from app.crypto.tokens import plain_code
from app.identity.models import MembershipRow
from app.registry.models import Gateway, GatewayOffer
from dicom_gateway import clock as gateway_clock
from dicom_gateway import enrolment
from dicom_gateway.crypto import ENROLMENT_TOKEN_TYPE, PortalKeys, ReportSigner, TokenVerifier
from dicom_gateway.enrolment import Place, enrol
from dicom_gateway.errors import EnrolmentFailed
from tests.app.ledger import all_of, changing, events
from tests.app.registry.staff import works
from tests.app.world import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

CODE = re.compile(r'id="code"\s+value="([0-9A-Z-]{23})"')
ADDRESS = "https://images.example.jp"
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the unmarked tests prove on both databases does not differ in the others."""
ENROLMENTS = "/api/gateway/v1/enrolments"


@dataclass
class Desk:
    """The administrator of a clinic that has no gateway, and a machine that is to be one."""

    portal: Flask
    browser: Browser
    organisation_id: UUID
    folder: Path

    @property
    def place(self) -> Place:
        """Where the machine keeps its files."""
        return Place(self.folder / "gateway.toml", self.folder / "data")

    def ask(self, address: str = ADDRESS) -> TestResponse:
        """Send the form of a new code."""
        path = f"/admin/organisations/{self.organisation_id}/gateway"
        return self.browser.post(path, {"address": address})

    def code(self, address: str = ADDRESS) -> str:
        """A fresh code, read off the page."""
        page = self.ask(address)
        assert page.status_code == 201, page.text
        found = CODE.search(page.text)
        assert found
        return found[1]

    def client(self) -> httpx.Client:
        """The machine's way to the portal."""
        return httpx.Client(transport=httpx.WSGITransport(app=self.portal))

    def enrol(self, code: str, place: Place | None = None) -> enrolment.Answer:
        """Run the gateway's own code."""
        with self.client() as client:
            return enrol(client, ORIGIN, code, place or self.place)


@pytest.fixture
def desk(portal: Flask, client_for: Callable[..., Browser], world: World, tmp_path: Path) -> Desk:
    works(world, "admin", "far-clinic", Role.ADMINISTRATOR)
    machine = tmp_path / "machine"
    machine.mkdir()
    return Desk(portal, client_for("admin"), world.organisations["far-clinic"], machine)


def refused(desk: Desk, code: str, reason: str, words: str) -> None:
    """The gateway says it in words, the portal audits it, and nothing is enrolled."""
    before = len(all_of(Gateway))
    with pytest.raises(EnrolmentFailed, match=words):
        desk.enrol(code)
    assert len(all_of(Gateway)) == before
    assert not desk.place.file.exists()
    assert not desk.place.portal_keys.exists()
    assert events(Action.GATEWAY_REFUSED)[-1].detail == {"reason": reason}


def test_a_gateway_joins_with_its_code(desk: Desk) -> None:
    answer = desk.enrol(desk.code().lower().replace("-", " "))
    (gateway,) = all_of(Gateway, organisation_id=desk.organisation_id)
    assert (gateway.id, gateway.base_url) == (answer.gateway_id, f"{ADDRESS}/dicom-web")
    assert (answer.organisation, answer.base_url) == ("よその医院", gateway.base_url)
    private = ECKey.import_key(desk.place.signing_key.read_text("ascii"))
    assert gateway.public_jwk == {
        key: private.as_dict(private=False)[key] for key in ("kty", "crv", "x", "y")
    }
    assert oct(desk.place.signing_key.stat().st_mode)[-3:] == "600"
    (enrolled,) = events(Action.GATEWAY_ENROLLED)
    assert (enrolled.agent_kind, enrolled.agent_id) == ("gateway", gateway.id)


@ONE_DATABASE
def test_the_written_file_is_the_whole_configuration(desk: Desk) -> None:
    answer = desk.enrol(desk.code())
    assert tomllib.loads(desk.place.file.read_text("utf-8")) == {
        "gateway_id": str(answer.gateway_id),
        "portal_origin": ORIGIN,
        "portal_jwks": "portal-jwks.json",
        "signing_key": "signing.pem",
        "mode": "development",
        "var": str(desk.folder / "data"),
    }
    assert sorted(path.name for path in desk.folder.iterdir()) == [
        "gateway.toml",
        "portal-jwks.json",
        "signing.pem",
    ]


@ONE_DATABASE
def test_afterwards_tokens_and_reports_hold_both_ways(desk: Desk) -> None:
    answer = desk.enrol(desk.code())
    issuer = desk.portal.extensions["image_tokens"]
    now = int(clock.now().timestamp())
    claims = {
        "iss": ORIGIN,
        "aud": str(answer.gateway_id),
        "sub": str(uuid4()),
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid4()),
        "grant": str(uuid4()),
        "studies": ["1.2.3"],
    }
    token = issuer.key.sign(claims, typ="tsunagu-image-access+jwt")
    verifier = TokenVerifier(
        PortalKeys(desk.place.portal_keys), issuer=ORIGIN, audience=str(answer.gateway_id)
    )
    assert verifier.verify(token, at=now).studies == {"1.2.3"}
    signer = ReportSigner(
        desk.place.signing_key, gateway_id=str(answer.gateway_id), portal_origin=ORIGIN
    )
    body = b'{"events": []}'
    headers = {"Authorization": f"Bearer {signer.bearer(body, at=now)}"}
    reported = desk.portal.test_client().post(
        "/api/gateway/v1/events", data=body, headers=headers, content_type="application/json"
    )
    assert reported.status_code == 422, "trusted, but an empty report"


def test_a_code_counts_once(desk: Desk, tmp_path: Path) -> None:
    code = desk.code()
    desk.enrol(code)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(EnrolmentFailed, match="has been used"):
        desk.enrol(code, Place(other / "gateway.toml", other))
    assert len(all_of(Gateway, organisation_id=desk.organisation_id)) == 1
    assert events(Action.GATEWAY_REFUSED)[-1].detail == {"reason": "code-used"}


def test_a_new_code_ends_the_one_before(desk: Desk) -> None:
    first, second = desk.code(), desk.code()
    refused(desk, first, "code-withdrawn", "has been withdrawn")
    desk.enrol(second)


@ONE_DATABASE
def test_a_code_nobody_made_is_unknown(desk: Desk) -> None:
    refused(desk, "0" * 20, "code-unknown", "does not know this code")


@ONE_DATABASE
def test_a_code_is_over_after_an_hour(desk: Desk) -> None:
    code = desk.code()
    with changing(GatewayOffer, code_hash=sha256_hex(plain_code(code))) as row:
        assert timedelta(minutes=59) < row.expires_at - clock.now() <= timedelta(hours=1)
        row.expires_at = clock.now()
    refused(desk, code, "code-expired", "older than an hour")


@ONE_DATABASE
def test_a_code_is_over_when_its_author_administers_no_more(desk: Desk, world: World) -> None:
    code = desk.code()
    account, place = world["admin"].account_id, desk.organisation_id
    with changing(MembershipRow, account_id=account, organisation_id=place) as row:
        row.until_on = clock.today() - timedelta(days=1)
    refused(desk, code, "code-withdrawn", "has been withdrawn")


@ONE_DATABASE
def test_a_withdrawn_code_is_over(desk: Desk) -> None:
    code = desk.code()
    (row,) = all_of(GatewayOffer)
    assert "待っているコード" in desk.browser.get("/admin/gateways").text
    desk.browser.post(f"/admin/gateway-codes/{row.id}/withdraw")
    assert "待っているコード" not in desk.browser.get("/admin/gateways").text
    refused(desk, code, "code-withdrawn", "has been withdrawn")
    assert len(events(Action.GATEWAY_OFFER_WITHDRAWN)) == 1
    assert desk.browser.post(f"/admin/gateway-codes/{row.id}/withdraw").status_code == 409


@ONE_DATABASE
@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-250, "is 4 minutes 10 seconds behind"), (3600, "is 1 hour ahead of the portal's")],
)
def test_a_wrong_clock_is_told_and_costs_no_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, seconds: int, words: str
) -> None:
    code, right = desk.code(), gateway_clock.now
    with monkeypatch.context() as machine:
        machine.setattr(gateway_clock, "now", lambda: right() + timedelta(seconds=seconds))
        refused(desk, code, "clock-apart", words)
    desk.enrol(code)


@ONE_DATABASE
def test_the_key_of_another_hospital_is_refused(desk: Desk, world: World) -> None:
    desk.place.signing_key.write_bytes(world.gateways["hospital"].key_pem)
    refused(desk, desk.code(), "key-taken", "take .*signing.pem away")


def test_a_replaced_gateway_keeps_its_id_and_loses_its_key(desk: Desk, tmp_path: Path) -> None:
    first = desk.enrol(desk.code())
    (row,) = all_of(Gateway, organisation_id=desk.organisation_id)
    other = tmp_path / "other"
    other.mkdir()
    second = desk.enrol(desk.code("https://new.example.jp"), Place(other / "gateway.toml", other))
    (now,) = all_of(Gateway, organisation_id=desk.organisation_id)
    assert second.gateway_id == first.gateway_id
    assert now.base_url == "https://new.example.jp/dicom-web"
    assert now.public_jwk != row.public_jwk


def request_of(desk: Desk, made: str, **changes: Any) -> tuple[bytes, str]:
    """A right request and its proof, then changed."""
    key = desk.folder / "other.pem"
    key.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    request = str(uuid4())
    signer = ReportSigner(key, gateway_id=request, portal_origin=changes.pop("origin", ORIGIN))
    content = {
        "request": request,
        "code": made,
        "at": clock.now().isoformat(),
        "public_jwk": signer.public_jwk(),
    }
    body = json.dumps({**content, **changes}).encode()
    at = int(clock.now().timestamp())
    return body, signer.bearer(body, at=at, kind=changes.pop("kind", ENROLMENT_TOKEN_TYPE))


def post(desk: Desk, body: bytes, token: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return desk.portal.test_client().post(
        ENROLMENTS, data=body, headers=headers, content_type="application/json"
    )


@ONE_DATABASE
@pytest.mark.parametrize(
    "changes",
    [
        {"public_jwk": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}},
        {"public_jwk": ECKey.generate_key("P-256").as_dict(private=False)},
        {"origin": "https://other.example"},
    ],
    ids=["no point of the curve", "another's key", "made for another portal"],
)
def test_who_does_not_hold_the_key_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    if "public_jwk" in changes:
        known = changes["public_jwk"]
        changes = {"public_jwk": {name: known[name] for name in ("kty", "crv", "x", "y")}}
    answered = post(desk, *request_of(desk, desk.code(), **changes))
    assert answered.status_code == 403, answered.text
    assert answered.json is not None
    assert answered.json["code"] == "enrolment-not-signed"


@ONE_DATABASE
def test_a_proof_is_for_one_body(desk: Desk) -> None:
    body, token = request_of(desk, desk.code())
    changed = body.replace(b'"EC"', b'"EC" ')
    for proof in (post(desk, changed, token), post(desk, body, "x.y.z"), post(desk, body, "")):
        assert proof.status_code == 403
    assert post(desk, body, token).status_code == 201


@ONE_DATABASE
@pytest.mark.parametrize(
    "changes",
    [
        {"at": "yesterday"},
        {"at": "2026-11-22T10:00:00"},
        {"request": "7"},
        {"code": "short"},
        {"more": 1},
        {"public_jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"public_jwk": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "d": "A" * 43}},
    ],
    ids=range(7),
)
def test_what_is_not_agreed_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    answered = post(desk, *request_of(desk, desk.code(), **changes))
    assert answered.status_code == 422
    assert answered.json is not None
    assert answered.json["code"] == "bad-enrolment"


@ONE_DATABASE
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 5000], ids=range(5))
def test_what_is_no_request_is_refused(desk: Desk, body: bytes) -> None:
    assert post(desk, body, "x.y.z").status_code == 422


@ONE_DATABASE
def test_only_the_administrator_of_that_hospital_makes_a_code(
    desk: Desk, client_for: Callable[..., Browser], world: World
) -> None:
    for who in ("nurse", "physician", "reception-a"):
        assert client_for(who).get("/admin/gateways").status_code == 403
    elsewhere = f"/admin/organisations/{world.organisations['hospital']}/gateway"
    assert desk.browser.post(elsewhere, {"address": ADDRESS}).status_code == 404
    assert desk.browser.get(f"{elsewhere}/new").status_code == 404
    city = f"/admin/organisations/{world.organisations['city']}/gateway"
    assert desk.browser.post(city, {"address": ADDRESS}).status_code == 404
    assert not all_of(GatewayOffer)


@ONE_DATABASE
def test_another_hospitals_code_cannot_be_withdrawn(
    desk: Desk, client_for: Callable[..., Browser], world: World
) -> None:
    desk.code()
    (row,) = all_of(GatewayOffer)
    works(world, "nurse", "far-city", Role.ADMINISTRATOR)
    answered = client_for("nurse").post(f"/admin/gateway-codes/{row.id}/withdraw")
    assert answered.status_code == 404


@ONE_DATABASE
def test_the_code_is_kept_nowhere(desk: Desk) -> None:
    code = desk.code()
    (row,) = all_of(GatewayOffer)
    assert row.code_hash == sha256_hex(plain_code(code))
    assert code not in desk.browser.get("/admin/gateways").text
    assert plain_code(code) not in str(vars(row))


@ONE_DATABASE
def test_an_address_that_is_none_is_explained(desk: Desk) -> None:
    page = desk.ask("images.example.jp")
    assert page.status_code == 422
    assert "https:// ではじまる" in page.text
    assert "images.example.jp" in page.text
    assert desk.ask("").status_code == 422


@ONE_DATABASE
def test_the_desk_leads_to_the_gateways(desk: Desk, world: World) -> None:
    assert 'href="/admin/gateways"' in desk.browser.get("/admin/").text
    page = desk.browser.get("/admin/gateways").text
    assert "まだゲートウェイがありません" in page
    assert "organisations/{world.organisations['city']}" not in page
    assert (
        "ゲートウェイを加える"
        in desk.browser.get(f"/admin/organisations/{desk.organisation_id}/gateway/new").text
    )


@ONE_DATABASE
def test_an_enrolled_machine_is_not_overwritten_unasked(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.place.file.write_text("ae_title = 'A'\n", encoding="utf-8")
    options = argparse.Namespace(
        config=desk.place.file, data=desk.folder, again=False, portal=ORIGIN, code=desk.code()
    )
    assert enrolment.run(options) == 1
    assert "--again replaces the enrolment" in capsys.readouterr().err
    assert desk.place.file.read_text("utf-8") == "ae_title = 'A'\n"


@ONE_DATABASE
def test_a_second_enrolment_keeps_what_a_person_wrote(desk: Desk) -> None:
    desk.place.file.write_text(
        '# our own\nae_title = "KENSA"\ngateway_id = "old"\n\n[extra]\nname = "CT1"\n', "utf-8"
    )
    answer = desk.enrol(desk.code())
    found = tomllib.loads(desk.place.file.read_text("utf-8"))
    assert (found["ae_title"], found["extra"]) == ("KENSA", {"name": "CT1"})
    assert found["gateway_id"] == str(answer.gateway_id)
    assert desk.place.file.read_text("utf-8").startswith("# our own\n")


@ONE_DATABASE
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://portal.example", "must begin with https"),
        ("portal.example", "nothing more"),
        ("https://portal.example/login", "nothing more"),
        ("https://me@portal.example", "nothing more"),
        ("https://", "nothing more"),
    ],
)
def test_only_a_portals_origin_is_called(desk: Desk, address: str, words: str) -> None:
    with desk.client() as client, pytest.raises(EnrolmentFailed, match=words):
        enrol(client, address, "0" * 20, desk.place)
    assert not desk.place.signing_key.exists()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(404, text="<html>"), "this is no portal"),
        (httpx.Response(500, json={"code": "unexpected"}), "this is no portal"),
        (httpx.Response(201, text="hello"), "not as agreed"),
        (httpx.Response(201, json={"keys": []}), "not as agreed"),
        (httpx.Response(429, json={"code": "too-many-requests"}), "wait a minute"),
        (httpx.ConnectError("refused"), "does not answer"),
    ],
    ids=range(6),
)
def test_a_strange_portal_is_told_and_nothing_is_written(
    tmp_path: Path, answer: httpx.Response | httpx.HTTPError, words: str
) -> None:
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    place = Place(tmp_path / "gateway.toml", tmp_path)
    with (
        httpx.Client(transport=httpx.MockTransport(handle)) as client,
        pytest.raises(EnrolmentFailed, match=words),
    ):
        enrol(client, "https://portal.example", "0" * 20, place)
    assert not place.file.exists()
    assert not place.portal_keys.exists()
