"""``tsunagu-gateway enrol PORTAL CODE``: join the portal once, keys exchanged, clock checked.

Wire contract: ``config/wire/gateway-enrolment.schema.json``. The private key is made here and never
leaves; the portal's keys are pinned in a file beside the configuration.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from dicom_gateway import clock
from dicom_gateway.crypto import ENROLMENT_TOKEN_TYPE, ReportSigner, new_signing_key
from dicom_gateway.errors import EnrolmentFailed
from dicom_gateway.files import write_whole
from dicom_gateway.settings import DEFAULT_DATA, DEFAULT_FILE
from dicom_gateway.settings_file import with_keys
from dicom_gateway.words import span

if TYPE_CHECKING:
    import argparse

ENROLMENTS_PATH: Final = "/api/gateway/v1/enrolments"
SIGNING_KEY: Final = "signing.pem"
PORTAL_KEYS: Final = "portal-jwks.json"
_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_LARGEST_ANSWER: Final = 64 * 1024
_LONGEST_CODE: Final = 40

REFUSALS: Final = {
    "code-unknown": "the portal does not know this code: type it again as the portal showed it",
    "code-used": "this code has been used: make a new one in the portal",
    "code-expired": "this code is older than an hour: make a new one in the portal",
    "code-withdrawn": "this code has been withdrawn: make a new one in the portal",
    "key-taken": "another hospital's gateway uses this key: take {key} away and enrol again",
    "enrolment-not-signed": "the portal does not take the request as made for it: "
    "give its address exactly as the code's page shows it",
    "bad-enrolment": "the portal does not understand this gateway: install the version it offers",
    "too-many-requests": "too many tries: wait a minute, then try again",
}


@dataclass(frozen=True)
class Place:
    """Where the gateway keeps what it is told: the file, and keys beside it."""

    file: Path
    data: Path

    @property
    def signing_key(self) -> Path:
        """The private key."""
        return self.file.with_name(SIGNING_KEY)

    @property
    def portal_keys(self) -> Path:
        """The portal's public keys."""
        return self.file.with_name(PORTAL_KEYS)


@dataclass(frozen=True)
class Answer:
    """What the portal gave, checked."""

    gateway_id: UUID
    organisation: str
    base_url: str
    keys: list[dict[str, Any]]


def options(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("portal", help="origin of the portal, such as https://tsunagu.example")
    parser.add_argument("code", help="the code that the portal showed")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of images")
    parser.add_argument("--again", action="store_true", help="replace an earlier enrolment")


def run(options: argparse.Namespace) -> int:
    """Enrol, and say what comes next."""
    file: Path = (options.config or DEFAULT_FILE).absolute()
    place = Place(file, options.data.absolute())
    try:
        _require_new(file, again=options.again)
        with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
            answer = enrol(client, options.portal, options.code, place)
    except EnrolmentFailed as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"gateway: {error.filename or file}: {error.strerror}\n")
        return 1
    sys.stdout.write(
        f"Enrolled as the gateway of {answer.organisation}.\n"
        f"Viewers will look for it at {answer.base_url}.\n"
        f"Configuration: {file}\nNext: tsunagu-gateway check\n"
    )
    return 0


def _require_new(file: Path, *, again: bool) -> None:
    if file.exists() and not again:
        raise EnrolmentFailed(f"{file} is there already: --again replaces the enrolment")


def enrol(client: httpx.Client, portal: str, code: str, place: Place) -> Answer:
    """Exchange keys with the portal and write the configuration.

    Raises:
        EnrolmentFailed: nothing is enrolled; the message says what to do.
        OSError: a file cannot be written.
    """
    origin = _origin(portal)
    if len(code) > _LONGEST_CODE:
        raise EnrolmentFailed(REFUSALS["code-unknown"])
    if not place.signing_key.exists():
        write_whole(place.signing_key, new_signing_key())
    answer = _exchange(client, origin, code, place)
    keys = KeySet([ECKey.import_key(key) for key in answer.keys]).as_dict(private=False)
    write_whole(place.portal_keys, json.dumps(keys, indent=2).encode())
    write_whole(place.file, _configuration(place, origin, answer).encode())
    return answer


def _origin(text: str) -> str:
    origin = text.rstrip("/")
    try:
        parts = urlsplit(origin)
        whole = bool(parts.hostname) and origin == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        whole, parts = False, urlsplit("")
    if not whole or "@" in parts.netloc:
        raise EnrolmentFailed("the portal's address is https://host, nothing more")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise EnrolmentFailed("the portal's address must begin with https://")
    return origin


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _exchange(client: httpx.Client, origin: str, code: str, place: Place) -> Answer:
    request = str(uuid4())
    signer = ReportSigner(place.signing_key, gateway_id=request, portal_origin=origin)
    at = clock.now()
    content = {
        "request": request,
        "code": code,
        "at": at.isoformat(),
        "public_jwk": signer.public_jwk(),
    }
    body = json.dumps(content).encode()
    token = signer.bearer(body, at=int(at.timestamp()), kind=ENROLMENT_TOKEN_TYPE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        response = client.post(origin + ENROLMENTS_PATH, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise EnrolmentFailed(f"{origin} does not answer ({type(error).__name__})") from error
    if response.status_code != HTTPStatus.CREATED:
        raise EnrolmentFailed(_refusal(response, at, place))
    return _read_answer(response.content, origin)


def _refusal(response: httpx.Response, at: datetime, place: Place) -> str:
    try:
        found = json.loads(response.content[:_LARGEST_ANSWER])
        code = str(found["code"])
        if code == "clock-apart":
            return clock_words((datetime.fromisoformat(found["at"]) - at).total_seconds())
        return REFUSALS[code].format(key=place.signing_key)
    except (ValueError, KeyError, TypeError):
        status = response.status_code
        return f"this is no portal, or not one that enrols gateways (HTTP status {status})"


def clock_words(behind: float) -> str:
    """``behind``: seconds by which the portal's clock is further on."""
    way = "behind" if behind > 0 else "ahead of"
    return (
        f"the clock of this machine is {span(abs(behind))} {way} the portal's: "
        "set it (timedatectl set-ntp true), then try again"
    )


def _read_answer(content: bytes, origin: str) -> Answer:
    try:
        found = json.loads(content[:_LARGEST_ANSWER])
        keys = [ECKey.import_key(key) for key in found["keys"]]
        answer = Answer(
            gateway_id=UUID(found["gateway_id"]),
            organisation=str(found["organisation"]),
            base_url=str(found["base_url"]),
            keys=[{**key.as_dict(private=False), "kid": str(key.kid)} for key in keys],
        )
        portal = str(found["portal"])
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise EnrolmentFailed(f"{origin} gave an answer that is not as agreed") from error
    if portal != origin or not keys or any(key.curve_name != "P-256" for key in keys):
        raise EnrolmentFailed(f"{origin} gave an answer that is not as agreed")
    return answer


def _configuration(place: Place, origin: str, answer: Answer) -> str:
    known = place.file.read_text("utf-8") if place.file.exists() else ""
    values = {
        "gateway_id": str(answer.gateway_id),
        "portal_origin": origin,
        "portal_jwks": PORTAL_KEYS,
        "signing_key": SIGNING_KEY,
        "mode": "production" if origin.startswith("https") else "development",
    }
    return with_keys(known, values if known else {**values, "var": str(place.data)})
