"""The network side of trust: lists downloaded, responders and time-stamping authorities asked.

Every address comes from the trust profile; nothing a certificate says opens a connection. No
redirects, no proxies from the environment; answers are bounded in bytes and in time.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

import httpx
import structlog

from app.jpki import ocsp, timestamp
from app.jpki.crl import MAXIMUM_BYTES as MAXIMUM_CRL_BYTES
from app.jpki.crl import read_crl
from app.jpki.errors import CrlRefused, OcspFailed
from app.jpki.evidence_errors import TimestampUnavailable
from app.jpki.revocation import (
    EveryAnswer,
    FirstAnswer,
    NotRevoked,
    PerAnchor,
    RevocationSource,
)
from app.jpki.store import CrlTable, ingest
from config.settings import RevocationPolicy

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from app.jpki.timestamp import VerifiedTimestamp
    from app.jpki.trust import Hierarchy, TrustStore

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 3.0
DOWNLOAD_SECONDS = 60.0
MAXIMUM_INDEX_BYTES = 1024 * 1024
MAXIMUM_PARTITIONS = 20_000
_OCSP_REQUEST = {"Content-Type": "application/ocsp-request"}
_TIMESTAMP_QUERY = {"Content-Type": "application/timestamp-query"}
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,80}\.crl")


class AnswerTooLong(httpx.TransportError):
    """More bytes than any honest answer has."""


def make_client() -> httpx.Client:
    """The HTTP client for revocation data; share one a process and close it at the end."""
    return httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


@dataclass(frozen=True)
class OcspResponder:
    """The RevocationSource that asks the pinned responder, with a fresh nonce each time."""

    trust: TrustStore
    client: httpx.Client

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Raises CertificateRevoked, CertificateUnknownToIssuer, or an IndeterminateStatus."""
        nonce = secrets.token_bytes(ocsp.NONCE_BYTES)
        url = self.trust.hierarchy_of(path.certificate).ocsp_url
        try:
            request = self.client.build_request(
                "POST", url, content=ocsp.build_request(path, nonce), headers=_OCSP_REQUEST
            )
            answer = _read(self.client, request, ocsp.MAXIMUM_BYTES, TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise OcspFailed(type(error).__name__) from error
        return ocsp.read_response(answer, path, nonce, at=at)


@dataclass(frozen=True)
class TimestampClient:
    """The Timestamper that asks the authority of the trust profile, a fresh nonce each time."""

    trust: TrustStore
    client: httpx.Client

    def stamp(self, imprint: bytes, *, at: datetime) -> VerifiedTimestamp:
        """Raises TimestampUnavailable, TimestampRejected."""
        authorities = self.trust.timestamping
        if authorities is None:
            raise TimestampUnavailable("the trust profile names no timestamp authority")
        nonce = secrets.randbits(timestamp.NONCE_BITS)
        try:
            request = self.client.build_request(
                "POST",
                authorities.url,
                content=timestamp.build_request(imprint, nonce),
                headers=_TIMESTAMP_QUERY,
            )
            answer = _read(self.client, request, timestamp.MAXIMUM_BYTES, TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            log.warning("jpki.timestamp_not_fetched", kind=type(error).__name__)
            raise TimestampUnavailable(type(error).__name__) from error
        return timestamp.read_response(answer, imprint, authorities, nonce=nonce, at=at)


def status_source(
    policy: RevocationPolicy, trust: TrustStore, client: httpx.Client
) -> RevocationSource:
    """How status is asked: as each anchor says, else by this policy. Silence is a refusal."""
    responder, table = OcspResponder(trust, client), CrlTable()
    sources: dict[RevocationPolicy, RevocationSource] = {
        RevocationPolicy.OCSP_FIRST: FirstAnswer((responder, table)),
        RevocationPolicy.CRL_FIRST: FirstAnswer((table, responder)),
        RevocationPolicy.BOTH: EveryAnswer((responder, table)),
        RevocationPolicy.CRL_ONLY: table,
        RevocationPolicy.OCSP_ONLY: responder,
    }
    return PerAnchor(sources, policy)


@dataclass
class RefreshReport:
    """What one refresh did: counts, and each failure as ``(file or address, code)``."""

    taken: int = 0
    unchanged: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


def refresh_crls(trust: TrustStore, client: httpx.Client, *, at: datetime) -> RefreshReport:
    """Fetch every partition of both hierarchies into the store; one failure does not stop the rest.

    Safe to repeat and to run twice at once.
    """
    report = RefreshReport()
    for hierarchy in (trust.authentication, trust.signature):
        try:
            names = _file_names(client, hierarchy)
        except (httpx.HTTPError, ValueError) as error:
            log.error("jpki.crl_index_failed", purpose=hierarchy.purpose, kind=type(error).__name__)  # noqa: TRY400 - no secrets in a traceback
            report.failures.append((hierarchy.crl_base, "index-failed"))
            continue
        for name in names:
            _refresh_one(client, hierarchy, name, at, report)
    return report


def _refresh_one(
    client: httpx.Client, hierarchy: Hierarchy, name: str, at: datetime, report: RefreshReport
) -> None:
    try:
        der = _download(client, hierarchy.crl_base + name, MAXIMUM_CRL_BYTES)
        if ingest(read_crl(der, hierarchy, at=at), at=at):
            report.taken += 1
        else:
            report.unchanged += 1
    except CrlRefused as error:
        log.error("jpki.crl_refused", file=name, code=error.code)  # noqa: TRY400 - said in one line
        report.failures.append((name, error.code))
    except httpx.HTTPError as error:
        log.warning("jpki.crl_not_fetched", file=name, kind=type(error).__name__)
        report.failures.append((name, "not-fetched"))


def _file_names(client: httpx.Client, hierarchy: Hierarchy) -> list[str]:
    body = json.loads(_download(client, hierarchy.crl_base + "index.json", MAXIMUM_INDEX_BYTES))
    names = body.get("crls") if isinstance(body, dict) else None
    if not isinstance(names, list) or len(names) > MAXIMUM_PARTITIONS:
        raise ValueError("not an index of revocation lists")
    return [name for name in names if isinstance(name, str) and _FILE_NAME.fullmatch(name)]


def _download(client: httpx.Client, url: str, limit: int) -> bytes:
    return _read(client, client.build_request("GET", url), limit, DOWNLOAD_SECONDS)


def _read(client: httpx.Client, request: httpx.Request, limit: int, seconds: float) -> bytes:
    """The body of a 200 answer within bytes and time. Raises httpx.HTTPError."""
    deadline = monotonic() + seconds
    response = client.send(request, stream=True)
    try:
        if response.status_code != httpx.codes.OK:
            why = f"status {response.status_code}"
            raise httpx.HTTPStatusError(why, request=request, response=response)
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > limit:
                raise AnswerTooLong("answer too long", request=request)
            if monotonic() > deadline:
                raise httpx.ReadTimeout("answer too slow", request=request)
        return bytes(body)
    finally:
        response.close()
