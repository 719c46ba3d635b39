"""Refusals as HTTP: the one place where a kind of error becomes a status (RFC 9457 body)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from dicom_gateway.errors import (
    ArchiveAway,
    BadRequest,
    BadUid,
    Contradiction,
    Forbidden,
    GatewayError,
    NotAcceptable,
    NotFound,
    PullPending,
    RangeNotSatisfiable,
    TokenExpired,
    TokenInvalid,
    TooBroad,
    Unauthenticated,
    UnsupportedMedia,
    UploadTooLarge,
)

_STATUS_OF: Final[tuple[tuple[type[GatewayError], HTTPStatus], ...]] = (
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (BadRequest, HTTPStatus.BAD_REQUEST),
    (BadUid, HTTPStatus.BAD_REQUEST),
    (NotFound, HTTPStatus.NOT_FOUND),
    (NotAcceptable, HTTPStatus.NOT_ACCEPTABLE),
    (TooBroad, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Contradiction, HTTPStatus.CONFLICT),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (UnsupportedMedia, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (UploadTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (RangeNotSatisfiable, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
)


PENDING_SECONDS: Final = "2"
ARCHIVE_SECONDS: Final = "60"


@dataclass(frozen=True)
class Answer:
    """A complete answer: status, headers, body."""

    status: HTTPStatus
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = field(default=())


def problem(
    status: HTTPStatus,
    code: str,
    headers: tuple[tuple[str, str], ...] = (),
    detail: str = "",
    **members: int,
) -> Answer:
    """A refusal a program can read: ``code`` is stable, ``title`` and ``detail`` are for people."""
    content: dict[str, object] = {"title": status.phrase, "status": status.value, "code": code}
    content.update(members)
    if detail:
        content["detail"] = detail
    body = json.dumps(content).encode()
    return Answer(status, body, (("Content-Type", "application/problem+json"), *headers))


def refusal(error: GatewayError) -> Answer:
    """The answer to an expected error; anything unlisted means the service cannot do it now.

    A detail says what to do differently. Nothing is told with 401 and 404: what is missing must
    look like what may not be seen.
    """
    for kind, status in _STATUS_OF:
        if isinstance(error, kind):
            told = "" if isinstance(error, Unauthenticated | NotFound) else str(error)
            return problem(status, error.code, _headers_of(error), told)
    return _later(error)


def _later(error: GatewayError) -> Answer:
    """It may be answered later; what is being fetched tells how far that is."""
    away = HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, PullPending):
        wait = (("Retry-After", PENDING_SECONDS),)
        numbers = {"arrived": error.arrived, "expected": error.expected}
        return problem(away, error.code, wait, str(error), **numbers)
    if isinstance(error, ArchiveAway):
        return problem(away, error.code, (("Retry-After", ARCHIVE_SECONDS),), str(error))
    return problem(away, error.code, (("Retry-After", "10"),))


def _headers_of(error: GatewayError) -> tuple[tuple[str, str], ...]:
    """What the client needs to go on: how to authenticate (RFC 6750 §3; the viewer tells expired
    from refused by it), or how long the whole is (RFC 9110 §15.5.17)."""
    if isinstance(error, RangeNotSatisfiable):
        return (("Content-Range", f"bytes */{error.total}"),)
    if isinstance(error, TokenExpired | TokenInvalid):
        detail = f'Bearer realm="tsunagu", error="invalid_token", error_description="{error.code}"'
        return (("WWW-Authenticate", detail),)
    if isinstance(error, Unauthenticated):
        return (("WWW-Authenticate", 'Bearer realm="tsunagu"'),)
    return ()
