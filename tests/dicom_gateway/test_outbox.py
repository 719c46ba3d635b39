"""Events reach the portal once in effect, however often the way to it breaks."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jws
from jsonschema import Draft202012Validator
from sqlalchemy import select, update
from typing_extensions import override

from config.settings import ROOT
from dicom_gateway import outbox
from dicom_gateway.announcer import Announcer, read_verdict
from dicom_gateway.crypto import ReportSigner
from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.models import OutboxEvent, ReadAccess
from dicom_gateway.status import report
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import GATEWAY_ID, Gateway, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

STUDY = "1.2.3.4"
SCHEMA = json.loads((ROOT / "config/wire/gateway-events.schema.json").read_text("utf-8"))


class Portal(HTTPServer):
    """A portal that remembers event ids, checks the contract, and can be made to fail."""

    def __init__(self, port: int, gateway: Gateway) -> None:
        super().__init__(("127.0.0.1", port), Desk)
        self.gateway = gateway
        self.effects: dict[str, dict[str, Any]] = {}
        self.reports = 0
        self.answer_with = 200
        self.refuse: set[str] = set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Desk(BaseHTTPRequestHandler):
    """Takes reports as the wire contract says."""

    server: Portal

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.check_token(body)
        report = json.loads(body)
        Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
            report
        )
        self.server.reports += 1
        taken = [e for e in report["events"] if e["type"] not in self.server.refuse]
        for event in taken:
            self.server.effects.setdefault(event["id"], event)
        answer = {
            "accepted": [event["id"] for event in taken],
            "rejected": [
                {"id": e["id"], "reason": "not now"} for e in report["events"] if e not in taken
            ],
        }
        self.send_response(self.server.answer_with)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def check_token(self, body: bytes) -> None:
        assert self.path == "/api/gateway/v1/events"
        bearer = self.headers["Authorization"].removeprefix("Bearer ")
        token = jws.deserialize_compact(
            bearer, self.server.gateway.keys.gateway, algorithms=["ES256"]
        )
        content = json.loads(token.payload)
        assert token.headers()["kid"] == content["iss"] == GATEWAY_ID
        assert content["aud"] == self.server.origin
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        assert content["body_sha256"] == digest

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def open_portal(gateway: Gateway, port: int) -> Iterator[Portal]:
    portal = Portal(port, gateway)
    thread = threading.Thread(target=portal.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        portal.shutdown()
        portal.server_close()
        thread.join()


def announcer(gateway: Gateway, port: int) -> Announcer:
    origin = f"http://127.0.0.1:{port}"
    signer = ReportSigner(gateway.keys.signing_key, gateway_id=GATEWAY_ID, portal_origin=origin)
    return Announcer(gateway.engine, signer, origin)


def hurry(gateway: Gateway) -> None:
    """Let every waiting event be due now."""
    with gateway.engine.begin() as connection:
        connection.execute(update(OutboxEvent).values(next_try_at=0.0))


def states(gateway: Gateway) -> list[str]:
    with reading(gateway.engine) as connection:
        return list(connection.scalars(select(OutboxEvent.state).order_by(OutboxEvent.created_at)))


def test_a_study_that_came_while_the_portal_was_down_arrives_once(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(number=1), ct(number=2))
    assert outbox.enqueue_settled_studies(any_gateway.engine, settle_seconds=0) == 1
    port = free_port()
    sender = announcer(any_gateway, port)
    assert sender.announce() == 0
    assert states(any_gateway) == ["waiting"]

    with open_portal(any_gateway, port) as portal:
        assert sender.announce() == 0, "waits its turn"
        hurry(any_gateway)
        portal.answer_with = 503
        assert sender.announce() == 0
        portal.answer_with = 200
        hurry(any_gateway)
        assert sender.announce() == 1
        hurry(any_gateway)
        assert sender.announce() == 0
        [event] = portal.effects.values()
    assert portal.reports == 2
    assert event["type"] == "study.stored"
    assert event["study"] == {
        "study_instance_uid": STUDY,
        "patient_id": "A-1",
        "study_date": "2026-07-01",
        "description": "Chest",
        "modalities": ["CT"],
        "series": 1,
        "instances": 2,
    }


def test_a_study_is_told_again_when_it_grows_and_not_otherwise(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1))
    engine = gateway.engine
    assert outbox.enqueue_settled_studies(engine, settle_seconds=0) == 1
    assert outbox.enqueue_settled_studies(engine, settle_seconds=0) == 0
    gateway.take_in(ct(number=1), ct(number=2))
    assert outbox.enqueue_settled_studies(engine, settle_seconds=0) == 1
    assert states(gateway) == ["waiting", "waiting"]


def test_a_study_that_still_moves_is_not_told_yet(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1))
    assert outbox.enqueue_settled_studies(gateway.engine, settle_seconds=60) == 0
    gateway.send(ct(number=2))
    assert outbox.enqueue_settled_studies(gateway.engine, settle_seconds=0) == 0


def test_a_refused_event_stays_for_the_administrator(gateway: Gateway) -> None:
    gateway.take_in(ct())
    outbox.enqueue_settled_studies(gateway.engine, settle_seconds=0)
    port = free_port()
    with open_portal(gateway, port) as portal:
        portal.refuse = {"study.stored"}
        announcer(gateway, port).announce()
        hurry(gateway)
        announcer(gateway, port).announce()
    assert states(gateway) == ["rejected"]
    assert portal.reports == 1


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"accepted":[]}', b'{"accepted":1,"rejected":2}'])
def test_an_answer_that_is_none_takes_nothing(answer: bytes) -> None:
    assert read_verdict(answer) is None


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are told at once."""
    monkeypatch.setattr(outbox, "QUIET_SECONDS", -1.0)


@pytest.mark.usefixtures("impatient")
def test_reads_are_counted_by_token_and_told_to_the_portal(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct())
    token = any_gateway.token(STUDY)
    instance = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
    for path in (f"{instance}/frames/1", f"{instance}/frames/1", instance, f"{instance}/metadata"):
        assert any_gateway.get(path, token=token).status_code == 200
    any_gateway.service.ledger.flush()
    assert outbox.enqueue_reads(any_gateway.engine) == 1
    assert outbox.enqueue_reads(any_gateway.engine) == 0
    any_gateway.get(f"{instance}/frames/1", token=token)
    any_gateway.service.ledger.flush()
    assert outbox.enqueue_reads(any_gateway.engine) == 1

    port = free_port()
    with open_portal(any_gateway, port) as portal:
        assert announcer(any_gateway, port).announce() == 2
        first, second = (event["access"] for event in portal.effects.values())
    assert (first["instances"], first["frames"], first["study_instance_uid"]) == (1, 2, STUDY)
    assert (second["instances"], second["frames"]) == (0, 1)
    assert first["token_id"] == second["token_id"]


@pytest.mark.usefixtures("impatient")
def test_the_first_look_is_on_disk_before_its_answer_leaves(gateway: Gateway) -> None:
    gateway.take_in(ct())
    gateway.get(f"/studies/{STUDY}/metadata", STUDY)
    with reading(gateway.engine) as connection:
        assert connection.scalar(select(ReadAccess.study_instance_uid)) == STUDY
    assert outbox.enqueue_reads(gateway.engine) == 1


def test_refused_requests_are_no_reads(gateway: Gateway) -> None:
    gateway.take_in(ct())
    gateway.get(f"/studies/{STUDY}/metadata", "9.9")
    gateway.get(f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames/9", STUDY)
    gateway.service.ledger.flush()
    with reading(gateway.engine) as connection:
        assert connection.scalars(select(ReadAccess.uses)).all() == []


def test_counts_that_cannot_be_written_stay_counted(gateway: Gateway) -> None:
    gateway.take_in(ct())
    gateway.get(f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames/1", STUDY)
    with gateway.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE read_access RENAME TO elsewhere")
    gateway.service.ledger.flush()
    with gateway.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO read_access")
    gateway.service.ledger.flush()
    with reading(gateway.engine) as connection:
        assert connection.scalar(select(ReadAccess.frames)) == 1


@pytest.mark.usefixtures("impatient")
def test_a_read_during_a_cut_with_a_restart_meanwhile_is_told_once(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct())
    frame = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames/1"
    assert any_gateway.get(frame, STUDY).status_code == 200
    any_gateway.service.ledger.flush()
    assert outbox.enqueue_reads(any_gateway.engine) == 1
    port = free_port()
    before = announcer(any_gateway, port)
    assert before.announce() == 0, "cut off"
    before.close()
    any_gateway.engine.dispose()
    url, folder = any_gateway.settings.database_url, any_gateway.settings.var
    any_gateway.engine = open_index(url, folder)
    assert outbox.enqueue_reads(any_gateway.engine) == 0, "queued already"

    with open_portal(any_gateway, port) as portal:
        after = announcer(any_gateway, port)
        for answer, told in ((500, 0), (200, 1), (200, 0)):
            portal.answer_with = answer
            hurry(any_gateway)
            assert after.announce() == told
        assert [event["type"] for event in portal.effects.values()] == ["images.read"]
    assert portal.reports == 2, "the lost answer, and the one that was heard"
    any_gateway.engine.dispose()


@pytest.mark.usefixtures("impatient")
def test_reading_goes_on_while_the_portal_is_away_and_status_says_so(gateway: Gateway) -> None:
    gateway.take_in(ct())
    frame = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames/1"
    port = free_port()
    sender = announcer(gateway, port)
    assert "does not take reports" not in report(gateway.engine)
    for looks in (1, 2):
        assert gateway.get(frame, STUDY).status_code == 200
        gateway.service.ledger.flush()
        assert outbox.enqueue_reads(gateway.engine) == 1
        hurry(gateway)
        assert sender.announce() == 0
        assert states(gateway) == ["waiting"] * looks
    with gateway.engine.begin() as connection:
        an_hour_ago = OutboxEvent.created_at - 3600
        connection.execute(update(OutboxEvent).values(created_at=an_hour_ago))
    said = report(gateway.engine)
    assert "events waiting: 2" in said
    assert "the portal does not take reports since 1 hour: none is lost" in said

    with open_portal(gateway, port) as portal:
        hurry(gateway)
        assert sender.announce() == 2
        assert sender.announce() == 0
        kinds = [event["type"] for event in portal.effects.values()]
        assert kinds == ["images.read"] * 2
    assert "does not take reports" not in report(gateway.engine)
