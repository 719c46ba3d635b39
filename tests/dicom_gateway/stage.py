"""A whole gateway inside the test process: real sockets for DIMSE, the WSGI door for DICOMweb."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, KeySet
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from werkzeug.test import Client, TestResponse

from dicom_gateway import clock
from dicom_gateway.assembly import (
    build_holdings,
    build_ingest,
    build_listener,
    build_service,
    build_store,
)
from dicom_gateway.dicomweb.wsgi import Door
from dicom_gateway.dimse.retrieve import STUDY_ROOT_GET
from dicom_gateway.dimse.scp import Listener, start_scp
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.indexer import index_waiting
from dicom_gateway.settings import GatewaySettings, Mode
from simulators.modality.sending import keep_answers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from sqlalchemy import Engine

    from dicom_gateway.dicomweb.service import Service

GATEWAY_ID = "gateway-a"
PORTAL = "http://portal.test"
AE_TITLE = "TSUNAGU"
DEADLINE_SECONDS = 60.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Look again and again until it holds; fail loudly when it never does."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        pause.wait(0.02)


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Keys:
    """The portal's signing key, and where the gateway finds the public half."""

    portal: ECKey
    jwks: Path
    gateway: ECKey
    signing_key: Path


def make_keys(folder: Path) -> Keys:
    """Fresh keys of portal and gateway as files."""
    portal = ECKey.generate_key("P-256", {"kid": "portal-1", "use": "sig", "alg": "ES256"})
    gateway = ECKey.generate_key("P-256", {"kid": GATEWAY_ID})
    jwks, signing_key = folder / "jwks.json", folder / "gateway.pem"
    jwks.write_text(json.dumps(KeySet([portal]).as_dict(private=False)))
    signing_key.write_bytes(gateway.as_pem(private=True))
    return Keys(portal, jwks, gateway, signing_key)


def claims(*studies: str, **changes: object) -> dict[str, object]:
    """Claims of a right token for these studies, then changed; a ``None`` takes a claim out."""
    now = clock.timestamp()
    right: dict[str, object] = {
        "iss": PORTAL,
        "aud": GATEWAY_ID,
        "sub": str(uuid4()),
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid4()),
        "grant": str(uuid4()),
        "studies": list(studies),
    }
    return {key: value for key, value in {**right, **changes}.items() if value is not None}


def sign(key: ECKey, content: dict[str, object], **header: object) -> str:
    """A compact JWS as the portal makes them, header fields changed at will."""
    head = {"alg": "ES256", "typ": "tsunagu-image-access+jwt", "kid": "portal-1", **header}
    return jws.serialize_compact(head, json.dumps(content).encode(), key)


@dataclass
class Gateway:
    """One running gateway and ways to talk to it."""

    settings: GatewaySettings
    keys: Keys
    engine: Engine
    service: Service
    port: int

    @cached_property
    def client(self) -> Client:
        """A client of its DICOMweb."""
        return Client(Door(self.service))

    def token(self, *studies: str, **changes: object) -> str:
        """A token signed by the portal."""
        return sign(self.keys.portal, claims(*studies, **changes))

    def get(
        self,
        path: str,
        *studies: str,
        accept: str = "*/*",
        token: str | None = None,
        **options: Any,
    ) -> TestResponse:
        """GET below the service with a token for these studies."""
        bearer = token if token is not None else self.token(*studies)
        headers = {"Authorization": f"Bearer {bearer}", "Accept": accept}
        headers.update(options.pop("headers", {}))
        return self.client.get(f"/dicom-web{path}", headers=headers, **options)

    def send(self, *data_sets: Dataset, ae_title: str = AE_TITLE) -> list[int]:
        """C-STORE each object on one association; the statuses in order."""
        return send(self.port, list(data_sets), ae_title)

    def index(self) -> None:
        """List everything that waits, as the worker would."""
        store = build_store(self.settings)
        while index_waiting(self.engine, store):
            pass

    def take_in(self, *data_sets: Dataset) -> None:
        """Send and list; every object must be acknowledged."""
        assert self.send(*data_sets) == [0x0000] * len(data_sets)
        self.index()


def send(port: int, data_sets: list[Dataset], ae_title: str = AE_TITLE) -> list[int]:
    """C-STORE to a gateway on loopback, each object in its own transfer syntax."""
    entity = AE(ae_title="MODALITY")
    pairs = {(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in data_sets}
    for sop_class, transfer_syntax in sorted(pairs):
        entity.add_requested_context(sop_class, transfer_syntax)
    association = entity.associate("127.0.0.1", port, ae_title=ae_title)
    assert association.is_established, "association refused"
    keep_answers(association)
    try:
        return [int(association.send_c_store(ds).Status) for ds in data_sets]
    finally:
        association.release()


@contextmanager
def running(
    folder: Path, database_url: str = "", *, lean: bool = True, **changes: object
) -> Iterator[Gateway]:
    """A gateway over an empty folder; DIMSE listens, the worker's steps are called by hand.

    Without ``lean`` every PDU goes through pynetdicom.
    """
    keys = make_keys(folder)
    values: dict[str, Any] = {
        "mode": Mode.TEST,
        "gateway_id": GATEWAY_ID,
        "var": folder / "var",
        "database_url": database_url,
        "portal_origin": PORTAL,
        "portal_jwks": keys.jwks,
        "signing_key": keys.signing_key,
        **changes,
    }
    settings = GatewaySettings(**values)
    ingest = build_ingest(settings)
    listener = Listener("127.0.0.1", 0, AE_TITLE, build_listener(settings).peers)
    receiver = start_scp(listener, ingest, build_holdings(settings), lean=lean)
    engine = open_index(settings.database_url, settings.var)
    try:
        yield Gateway(settings, keys, engine, build_service(settings), receiver.port)
    finally:
        receiver.stop()
        engine.dispose()


def parts(response: TestResponse) -> list[tuple[str, bytes]]:
    """(content type, body) of each part of a multipart answer, read strictly as RFC 2046 has it."""
    _, _, boundary = response.headers["Content-Type"].partition("boundary=")
    pieces = (b"\r\n" + response.get_data()).split(b"\r\n--" + boundary.encode())
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[str, bytes]:
    head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    name, _, value = head.decode().partition(": ")
    assert name == "Content-Type"
    return value, body


def fetching(
    port: int,
    sop_class: str,
    keep: Callable[[Event], int],
    *,
    title: str = "DESK",
    tls: ssl.SSLContext | None = None,
) -> Association:
    """An association that fetches objects of this class by C-GET; each one goes to ``keep``."""
    entity = AE(ae_title=title)
    entity.add_requested_context(STUDY_ROOT_GET)
    entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
    line = entity.associate(
        "127.0.0.1",
        port,
        ae_title=AE_TITLE,
        ext_neg=[build_role(sop_class, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
        tls_args=(tls, "127.0.0.1") if tls is not None else None,
    )
    assert line.is_established
    keep_answers(line)
    return line
