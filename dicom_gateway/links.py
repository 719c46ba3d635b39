"""The links of a gateway, each proved by real traffic: what ``tsunagu-gateway check`` goes through.

A link returns what it saw or raises :class:`CheckFailed` with what to do.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx
from sqlalchemy.exc import SQLAlchemyError

from dicom_gateway import clock
from dicom_gateway.addresses import near
from dicom_gateway.assembly import build_store
from dicom_gateway.crypto import PortalKeys, ReportSigner, TokenVerifier
from dicom_gateway.enrolment import clock_words
from dicom_gateway.errors import (
    BlobMissing,
    BlobUnreachable,
    CheckFailed,
    Misconfigured,
    Unauthenticated,
)
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.specimen import (
    CHECK_SERIES,
    CHECK_STUDY,
    specimen,
)
from dicom_gateway.standing import disk_of
from dicom_gateway.tiered import TieredStore
from dicom_gateway.words import size_words

if TYPE_CHECKING:
    from pydicom import Dataset

    from dicom_gateway.settings import GatewaySettings

CHECK_PATH: Final = "/api/gateway/v1/check"
LEAST_FREE_BYTES: Final = 1_000_000_000
LISTED_WITHIN_SECONDS: Final = 20.0
PROBE_BYTES: Final = 1000
_ASK_AGAIN_SECONDS: Final = 0.2


@dataclass
class Bench:
    """What the phases share."""

    settings: GatewaySettings
    client: httpx.Client
    token: str = ""
    answer: dict[str, str] = field(default_factory=dict)
    sent: Dataset = field(default_factory=specimen)

    @property
    def calling(self) -> str:
        """An AE title this gateway takes objects from."""
        known = () if self.settings.peer else self.settings.calling_ae_titles
        return known[0] if known else self.settings.ae_title


def keys(bench: Bench) -> str:
    """The gateway's private key and the portal's public ones can be read."""
    try:
        _signer(bench.settings)
        count = PortalKeys(bench.settings.portal_jwks).count()
    except Misconfigured as error:
        raise CheckFailed(f"{error}; enrol again if the file is lost") from error
    return f"our signing key, {count} of the portal"


def disk(bench: Bench) -> str:
    """The folder can be written, and there is room."""
    folder = bench.settings.var
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".check"
        probe.write_bytes(b"check")
        probe.unlink()
    except OSError as error:
        raise CheckFailed(f"{folder} cannot be written: {error.strerror}") from error
    free = disk_of(folder).free
    if free < LEAST_FREE_BYTES:
        raise CheckFailed(f"only {size_words(free)} free in {folder}: make room")
    return f"{size_words(free)} free in {folder}"


def bucket(bench: Bench) -> str:
    """Where objects lie takes a probe, gives it back and forgets it."""
    try:
        where = build_store(bench.settings)
        if not isinstance(where, TieredStore):
            return "objects lie in a folder of this machine"
        where.bucket.prove(os.urandom(PROBE_BYTES))
    except (Misconfigured, BlobUnreachable, BlobMissing) as error:
        raise CheckFailed(f"{error}; objects wait on this machine meanwhile") from error
    return f"{where.bucket.place.words} keeps, gives back and forgets a probe"


def index(bench: Bench) -> str:
    """The index answers and has the tables of this version."""
    engine = open_index(bench.settings.database_url, bench.settings.var)
    try:
        create_schema(engine)
    except Misconfigured as error:
        raise CheckFailed(str(error)) from error
    except SQLAlchemyError as error:
        raise CheckFailed("the index does not answer: see database_url") from error
    finally:
        engine.dispose()
    return "answers"


def portal(bench: Bench) -> str:
    """The portal answers and trusts this gateway; its clock is told too."""
    origin = bench.settings.portal_origin
    at = clock.now()
    body = json.dumps({"at": at.isoformat()}).encode()
    token = _signer(bench.settings).bearer(body, at=int(at.timestamp()))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        response = bench.client.post(origin + CHECK_PATH, content=body, headers=headers)
        found = {key: str(value) for key, value in response.json().items()}
    except httpx.HTTPError as error:
        raise CheckFailed(f"{origin} does not answer ({type(error).__name__})") from error
    except (ValueError, AttributeError) as error:
        raise CheckFailed(f"{origin} answers, but is no portal") from error
    if response.status_code != HTTPStatus.OK and found.get("code") != "clock-apart":
        said = found.get("code") or response.status_code
        raise CheckFailed(f"{origin} does not trust this gateway ({said}): enrol again")
    bench.answer = {**found, "asked_at": at.isoformat()}
    return f"{origin} answers and trusts this gateway"


def clocks(bench: Bench) -> str:
    """The clocks are close enough for tokens."""
    told, asked = bench.answer["at"], bench.answer["asked_at"]
    apart = (datetime.fromisoformat(told) - datetime.fromisoformat(asked)).total_seconds()
    if "token" not in bench.answer:
        raise CheckFailed(clock_words(apart))
    return f"{abs(apart):.1f} seconds from the portal's"


def token(bench: Bench) -> str:
    """A token the portal signed just now opens this gateway."""
    settings = bench.settings
    verifier = TokenVerifier(
        PortalKeys(settings.portal_jwks),
        issuer=settings.portal_origin,
        audience=settings.gateway_id,
    )
    try:
        verifier.verify(bench.answer["token"], at=clock.timestamp())
    except Unauthenticated as error:
        raise CheckFailed(f"{error}: the portal has new keys, enrol again") from error
    bench.token = bench.answer["token"]
    return "a token of the portal holds"


def read_back(bench: Bench) -> str:
    """DICOMweb gives the object back, pixel for pixel, under the portal's token."""
    settings = bench.settings
    root = f"http://{_bracketed(near(settings.http_host))}:{settings.http_port}/dicom-web"
    uid = bench.sent.SOPInstanceUID
    address = f"{root}/studies/{CHECK_STUDY}/series/{CHECK_SERIES}/instances/{uid}/frames/1"
    accept = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    headers = {"Authorization": f"Bearer {bench.token}", "Accept": accept}
    try:
        response = _when_listed(bench.client, address, headers)
    except httpx.HTTPError as error:
        raise CheckFailed(f"DICOMweb does not answer at port {settings.http_port}") from error
    if response.status_code != HTTPStatus.OK:
        raise CheckFailed(f"DICOMweb answers {response.status_code}: see the log of worker and web")
    if response.content != bench.sent.PixelData:
        raise CheckFailed("DICOMweb gave other pixels than were stored: do not use this gateway")
    return "DICOMweb gave it back bit for bit"


def _when_listed(client: httpx.Client, address: str, headers: dict[str, str]) -> httpx.Response:
    """Ask until it is there, for the worker lists it a moment after it was stored."""
    deadline, pause = clock.monotonic() + LISTED_WITHIN_SECONDS, threading.Event()
    response = client.get(address, headers=headers)
    while response.status_code == HTTPStatus.NOT_FOUND and clock.monotonic() < deadline:
        pause.wait(_ASK_AGAIN_SECONDS)
        response = client.get(address, headers=headers)
    return response


def _signer(settings: GatewaySettings) -> ReportSigner:
    return ReportSigner(
        settings.signing_key, gateway_id=settings.gateway_id, portal_origin=settings.portal_origin
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
