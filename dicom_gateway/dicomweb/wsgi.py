"""The HTTP door: CORS and the access token; lists, metadata and frames at once, everything else in
Flask behind it.

Every answer, refusals too, carries the cross-origin headers, or the viewer's page could not tell an
expired token from a network that is down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from dicom_gateway.dicomweb import capabilities, frames, metadata, qido, rendered, stow, wado
from dicom_gateway.dicomweb.asked import ROOT, Asked, Environ, Read, Reads, accept_of, asked_by
from dicom_gateway.dicomweb.problem import Answer, problem, refusal
from dicom_gateway.errors import GatewayError, NotFound

if TYPE_CHECKING:
    import re

    from dicom_gateway.crypto import Access
    from dicom_gateway.dicomweb.service import Service

log = structlog.get_logger()

StartResponse = Callable[..., Any]
_COMMON: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_REQUEST_HEADERS: Final = "Authorization, Accept, Content-Type, If-None-Match, If-Range, Range"
_PREFLIGHT_SECONDS: Final = "7200"
_STORED_AT: Final = f"{ROOT}/studies"
_READING: Final = frozenset({"GET", "HEAD"})
_READS: Final[Reads] = (*frames.READS, *qido.READS, *metadata.READS)


def cross_origin(portal_origin: str) -> tuple[tuple[str, str], ...]:
    """Headers that let the portal's pages, and no others, read an answer."""
    return (
        ("Access-Control-Allow-Origin", portal_origin),
        ("Vary", "Origin"),
        (
            "Access-Control-Expose-Headers",
            "Accept-Ranges, Content-Range, ETag, Retry-After, Warning, WWW-Authenticate",
        ),
    )


def preflight() -> Answer:
    """The answer to OPTIONS, before any token is looked at."""
    headers = (
        ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
        ("Access-Control-Allow-Headers", _REQUEST_HEADERS),
        ("Access-Control-Max-Age", _PREFLIGHT_SECONDS),
    )
    return Answer(HTTPStatus.NO_CONTENT, b"", headers)


class Door:
    """The WSGI application of one gateway."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._flask = build_flask(service)
        self._headers = (*_COMMON, *cross_origin(service.portal_origin))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._before_flask(environ)
        except GatewayError as error:
            answer = refusal(error)
        except Exception:  # process edge
            log.exception("request failed")
            answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable")
        if answer is not None:
            return self._send(answer, environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *self._headers], *rest)

        return self._flask.wsgi_app(environ, start)

    def _before_flask(self, environ: Environ) -> Answer | None:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path in capabilities.PATHS and _asks_what_is_offered(environ):
            return capabilities.capabilities(accept_of(environ))
        if method == "OPTIONS":
            return preflight()
        if path == "/healthz":
            return Answer(HTTPStatus.OK, b"ok\n", (("Content-Type", "text/plain"),))
        access = self._service.authenticate(environ.get("HTTP_AUTHORIZATION", ""))
        for pattern, read in _READS:
            if match := pattern.fullmatch(path):
                if method in _READING:
                    return self._read(read, asked_by(environ, access), match)
                if path != _STORED_AT:
                    allowed = (("Allow", "GET, HEAD, OPTIONS"),)
                    return problem(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", allowed)
        environ["tsunagu.access"], environ["tsunagu.accept"] = access, accept_of(environ)
        return None

    def _read(self, read: Read, asked: Asked, match: re.Match[str]) -> Answer:
        try:
            return read(self._service, asked, match)
        except NotFound:
            fetch_instead(self._service, asked.access, match.groupdict().get("study", ""))
            raise

    def _send(
        self, answer: Answer, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = [*answer.headers, *self._headers]
        if answer.status is not HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]


def _asks_what_is_offered(environ: Environ) -> bool:
    """GET, or OPTIONS from something other than a browser that asks before it sends."""
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ
    return bool(environ["REQUEST_METHOD"] == "GET")


def build_flask(service: Service) -> Flask:
    """Objects, pictures and what is stored; the door has checked the token before."""
    app = Flask("dicom_gateway", static_folder=None)

    @app.before_request
    def take_over() -> None:
        g.access = request.environ["tsunagu.access"]
        g.accept = request.environ["tsunagu.accept"]

    @app.errorhandler(GatewayError)
    def expected(error: GatewayError) -> Response:
        return _as_response(refusal(error))

    @app.errorhandler(NotFound)
    def missing(error: NotFound) -> Response:
        """What a GET does not find may be on its way from a peer."""
        study = (request.view_args or {}).get("study", "")
        try:
            if request.method in {"GET", "HEAD"}:
                fetch_instead(service, g.access, study)
        except GatewayError as instead:
            return _as_response(refusal(instead))
        return _as_response(refusal(error))

    @app.errorhandler(HTTPException)
    def routed(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.BAD_REQUEST)
        return _as_response(problem(status, status.phrase.lower().replace(" ", "-")))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("request failed", kind=type(error).__name__)
        return _as_response(problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"))

    app.register_blueprint(wado.blueprint(service), url_prefix=ROOT)
    app.register_blueprint(stow.blueprint(service), url_prefix=ROOT)
    app.register_blueprint(rendered.blueprint(service), url_prefix=ROOT)
    return app


def fetch_instead(service: Service, access: Access, study: str) -> None:
    """Ask a peer for a study that the token names and that is not here.

    Raises:
        PullPending, ArchiveAway: the client is to ask again.
    """
    if study in access.studies:
        service.priors.ask_for(study)


def _as_response(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status, headers=list(answer.headers))
