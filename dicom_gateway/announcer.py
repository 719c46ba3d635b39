"""Carries outbox events to the portal: outbound only, in order, once in effect.

An event keeps its id however often it is sent; the portal takes an id once. An unreachable portal
loses nothing: the rows wait.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx
import structlog

from dicom_gateway import clock, outbox

if TYPE_CHECKING:
    from sqlalchemy import Engine, Row

    from dicom_gateway.crypto import ReportSigner

log = structlog.get_logger()

EVENTS_PATH: Final = "/api/gateway/v1/events"
_TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
_LARGEST_ANSWER: Final = 64 * 1024


@dataclass(frozen=True)
class Verdict:
    """What the portal said of a report."""

    accepted: set[UUID]
    rejected: dict[UUID, str]


@dataclass
class Announcer:
    """Sends due events; :meth:`announce` is called again and again by the worker."""

    engine: Engine
    signer: ReportSigner
    portal_origin: str

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False)

    def announce(self) -> int:
        """Send one report if anything is due.

        Returns:
            how many events the portal took.
        """
        events = outbox.due_events(self.engine)
        if not events:
            return 0
        body = ('{"events":[' + ",".join(event.body for event in events) + "]}").encode()
        verdict = self._send(body)
        if verdict is None:
            wait = outbox.postpone(self.engine, events)
            log.warning("portal did not take the report", events=len(events), retry_seconds=wait)
            return 0
        sent = {event.id for event in events}
        accepted = verdict.accepted & sent
        rejected = {key: why for key, why in verdict.rejected.items() if key in sent}
        outbox.settle(self.engine, accepted, rejected)
        self._postpone_unanswered([e for e in events if e.id not in accepted | set(rejected)])
        if rejected:
            log.error("portal refused events", events=len(rejected))
        return len(accepted)

    def _postpone_unanswered(self, events: list[Row[Any]]) -> None:
        if events:
            outbox.postpone(self.engine, events)

    def _send(self, body: bytes) -> Verdict | None:
        token = self.signer.bearer(body, at=clock.timestamp())
        try:
            response = self._client.post(
                self.portal_origin + EVENTS_PATH,
                content=body,
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
        except httpx.HTTPError:
            return None
        if response.status_code != HTTPStatus.OK or len(response.content) > _LARGEST_ANSWER:
            return None
        return read_verdict(response.content)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def read_verdict(answer: bytes) -> Verdict | None:
    """The portal's answer; ``None`` when it is not of the agreed form."""
    try:
        found = json.loads(answer)
        accepted = {UUID(item) for item in found["accepted"]}
        rejected = {UUID(item["id"]): str(item["reason"]) for item in found["rejected"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Verdict(accepted, rejected)
