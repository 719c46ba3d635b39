"""``tsunagu-gateway check``: a gateway and a portal, both whole; each broken link is named."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select, text, update
from werkzeug.serving import make_server

from app.audit.actions import Action
from app.imaging.models import IssuedToken
from dicom_gateway import clock as gateway_clock
from dicom_gateway import links, outbox
from dicom_gateway.check import PHASES, prove_all
from dicom_gateway.dicomweb.wsgi import Door
from dicom_gateway.errors import CheckFailed
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import ReadAccess, StoredObject
from dicom_gateway.links import Bench
from dicom_gateway.peers import Peer
from dicom_gateway.specimen import CHECK_STUDY
from tests.app.ledger import all_of, events
from tests.app.world import ORIGIN
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

    from tests.app.world import World
    from tests.dicom_gateway.stage import Gateway

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
pytestmark = ONE_DATABASE


@dataclass
class Site:
    """One hospital's gateway, listening, and its portal."""

    gateway: Gateway
    portal: Flask

    def prove(self, **changes: object) -> tuple[list[str], str]:
        """Failed phases, and what was said."""
        said: list[str] = []
        with self.bench(**changes) as bench:
            return prove_all(bench, said.append), "".join(said)

    def bench(self, **changes: object) -> Opened:
        """The settings of this gateway, changed, and the way to the portal."""
        settings = self.gateway.settings.model_copy(update=changes)
        mounts = {ORIGIN: httpx.WSGITransport(app=self.portal)}
        return Opened(Bench(settings, httpx.Client(mounts=mounts, trust_env=False)))

    def kept(self) -> list[str]:
        """Studies of every object in the index."""
        with reading(self.gateway.engine) as connection:
            return list(connection.scalars(select(StoredObject.study_instance_uid)))


@dataclass
class Opened:
    """A bench whose client is closed at the end."""

    bench: Bench

    def __enter__(self) -> Bench:
        return self.bench

    def __exit__(self, *_: object) -> None:
        self.bench.client.close()


def listing(gateway: Gateway, stop: threading.Event) -> None:
    """The worker's part: list what was stored."""
    while not stop.wait(0.05):
        gateway.index()


@pytest.fixture
def site(portal: Flask, world: World, tmp_path: Path) -> Iterator[Site]:
    hospital, stop, folder = world.gateways["hospital"], threading.Event(), tmp_path / "site"
    folder.mkdir()
    key, jwks = folder / "own.pem", folder / "portal.json"
    key.write_bytes(hospital.key_pem)
    issuer = portal.extensions["image_tokens"]
    jwks.write_text(json.dumps({"keys": [issuer.key.public_jwk()]}))
    changes: dict[str, Any] = {"portal_origin": ORIGIN, "portal_jwks": jwks, "signing_key": key}
    with running(folder, gateway_id=str(hospital.id), **changes) as gateway:
        web = make_server("127.0.0.1", 0, Door(gateway.service), threaded=True)
        ports = {"dicom_port": gateway.port, "http_port": web.server_port}
        gateway.settings = gateway.settings.model_copy(update=ports)
        threads = [
            threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}),
            threading.Thread(target=listing, args=(gateway, stop)),
        ]
        for thread in threads:
            thread.start()
        yield Site(gateway, portal)
        stop.set()
        web.shutdown()
        for thread in threads:
            thread.join()
        web.server_close()


def test_a_bucket_that_is_away_is_named_and_stops_nothing_else(site: Site) -> None:
    url = f"s3://hospital-b?endpoint=http://127.0.0.1:{free_port()}&region=ap-northeast-1"
    failed, said = site.prove(storage_url=url, storage_key_id="")
    assert failed == ["bucket"]
    assert "objects wait on this machine meanwhile" in said


def test_every_link_holds_and_nothing_stays(site: Site) -> None:
    assert site.gateway.send(ct()) == [0]
    failed, said = site.prove()
    assert failed == [], said
    assert [line.split()[:2] for line in said.splitlines()[:-1]] == [
        ["ok", phase.name] for phase in PHASES
    ]
    assert said.endswith("All links hold.\n")
    assert site.kept() == ["1.2.3.4"]
    files = (site.gateway.settings.var / "objects").rglob("*.dcm")
    assert len(list(files)) == 1


def test_the_portal_never_hears_of_the_object(site: Site) -> None:
    with site.bench() as bench:
        for phase in PHASES:
            phase.prove(bench)
    site.gateway.service.ledger.flush()
    engine = site.gateway.engine
    with engine.begin() as connection:
        assert connection.scalars(select(ReadAccess.study_instance_uid)).all() == [CHECK_STUDY]
        connection.execute(update(ReadAccess).values(last_at=0, first_at=0))
    assert outbox.enqueue_settled_studies(engine, settle_seconds=0) == 0
    assert outbox.enqueue_reads(engine) == 0
    assert not all_of(IssuedToken)
    assert not events(Action.IMAGE_TOKEN_ISSUED)


def broken(site: Site, phase: str, words: str, **changes: object) -> str:
    failed, said = site.prove(**changes)
    assert failed[:1] == [phase], said
    assert words in next(line for line in said.splitlines() if line.startswith("FAILED"))
    assert said.splitlines()[-1].startswith(f"Failed: {phase}")
    assert CHECK_STUDY not in site.kept()
    return said


@pytest.mark.parametrize("file", ["signing_key", "portal_jwks"])
def test_lost_keys_are_named(site: Site, tmp_path: Path, file: str) -> None:
    said = broken(site, "keys", "enrol again", **{file: tmp_path / "gone"})
    assert "--    portal     not tried: needs keys" in said
    assert "ok    store" in said


def test_no_key_of_the_portal_is_named(site: Site, tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text(
        '{"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "1"}]}'
    )
    broken(site, "keys", "no key of the portal", portal_jwks=empty)


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = broken(site, "disk", "cannot be written", var=tmp_path / "file" / "var")
    assert "--    index      not tried: needs disk" in said


def test_a_full_disk_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "LEAST_FREE_BYTES", 10**18)
    broken(site, "disk", "make room")


def test_an_index_that_does_not_answer_is_named(site: Site) -> None:
    nowhere = f"postgresql+psycopg://127.0.0.1:{free_port()}/none?connect_timeout=2"
    said = broken(site, "index", "see database_url", database_url=nowhere)
    assert "--    store      not tried: needs index" in said


def test_an_index_of_another_version_is_named(site: Site) -> None:
    with site.gateway.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    failed, said = site.prove()
    assert failed == ["index"]
    assert "newer program" in said


def test_a_portal_that_is_away_is_named(site: Site) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    said = broken(site, "portal", "does not answer (ConnectError)", portal_origin=origin)
    assert "--    clock      not tried: needs portal" in said
    assert "--    read-back  not tried: needs token" in said


def test_what_is_no_portal_is_named(site: Site) -> None:
    own = f"http://127.0.0.1:{site.gateway.settings.http_port}"
    broken(site, "portal", own, portal_origin=own)


def test_a_gateway_that_is_not_trusted_is_told(site: Site, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    words = "does not trust this gateway (gateway-not-trusted): enrol again"
    broken(site, "portal", words, signing_key=other)
    broken(site, "portal", words, gateway_id=str(uuid4()))


@pytest.mark.parametrize(
    ("minutes", "words"), [(-10, "10 minutes behind"), (61, "1 hour 1 minute ahead of")]
)
def test_a_wrong_clock_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, minutes: int, words: str
) -> None:
    right = gateway_clock.now
    monkeypatch.setattr(gateway_clock, "now", lambda: right() + timedelta(minutes=minutes))
    said = broken(site, "clock", f"the clock of this machine is {words}")
    assert "--    token      not tried: needs clock" in said


def test_new_keys_of_the_portal_are_told(site: Site, tmp_path: Path) -> None:
    strange = tmp_path / "strange.json"
    key = ECKey.generate_key("P-256", {"kid": "strange"})
    strange.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    broken(site, "token", "the portal has new keys, enrol again", portal_jwks=strange)


def test_an_scp_that_does_not_answer_is_named(site: Site) -> None:
    port = free_port()
    said = broken(site, "echo", f"does not answer at 127.0.0.1 port {port}", dicom_port=port)
    assert "--    store      not tried: needs echo" in said


def test_an_scp_of_another_title_is_named(site: Site) -> None:
    broken(site, "echo", "refuses us", ae_title="SOMEBODY_ELSE")


def test_an_object_that_is_not_kept_is_named(site: Site, tmp_path: Path, portal: Flask) -> None:
    small = tmp_path / "small"
    small.mkdir()
    with running(small, maximum_object_bytes=300) as gateway:
        broken(site, "store", "C-STORE was answered with 0xA700", dicom_port=gateway.port)


def test_a_web_door_that_does_not_answer_is_named(site: Site) -> None:
    port = free_port()
    broken(site, "read-back", f"DICOMweb does not answer at port {port}", http_port=port)


def test_an_object_that_is_never_listed_is_named(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LISTED_WITHIN_SECONDS", 0.3)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with running(elsewhere) as other:
        broken(site, "read-back", "DICOMweb answers 404", dicom_port=other.port)


def test_other_pixels_are_named(site: Site) -> None:
    with site.bench() as bench:
        names = [phase.name for phase in PHASES]
        read_back = names.index("read-back")
        for phase in PHASES[:read_back]:
            phase.prove(bench)
        bench.sent.PixelData = bytes(256)
        with pytest.raises(CheckFailed, match="do not use this gateway"):
            PHASES[read_back].prove(bench)


def test_peers_are_echoed_and_a_silent_one_is_named(site: Site) -> None:
    here, nowhere = site.gateway.settings.dicom_port, free_port()
    rows = [Peer("TSUNAGU", "127.0.0.1", here), Peer("CT1", "192.0.2.1")]
    failed, said = site.prove(peer=tuple(rows))
    assert failed == [], said
    assert "ok    peers      1 answer C-ECHO" in said
    rows.append(Peer("SAFE", "127.0.0.1", nowhere, tls=True))
    assert "1 behind TLS not tried" in site.prove(peer=tuple(rows))[1]
    words = f"PACS does not answer at 127.0.0.1 port {nowhere}"
    broken(site, "peers", words, peer=(*rows, Peer("PACS", "127.0.0.1", nowhere)))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"at": "x"}', b'{"at": "2026-11-22T10:00:00"}', b'{"at": 1}']
)
def test_the_portal_refuses_what_is_no_check(site: Site, body: bytes) -> None:
    answered = site.portal.test_client().post("/api/gateway/v1/check", data=body)
    assert answered.status_code == 422
    assert answered.json is not None
    assert answered.json["code"] == "bad-report"


def test_a_strangers_check_gets_no_token(site: Site) -> None:
    body = json.dumps({"at": gateway_clock.now().isoformat()})
    answered = site.portal.test_client().post("/api/gateway/v1/check", data=body)
    assert answered.status_code == 403
    assert "token" not in answered.text.replace("gateway-not-trusted", "")
