"""The administrator's page: what granian loads. Read-only; no name or number of a patient."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, render_template, request
from prometheus_client import CONTENT_TYPE_LATEST

from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.journal import start_log
from dicom_gateway.settings import gateway_settings
from dicom_gateway.standing import look
from dicom_gateway.statuspage.door import is_allowed, is_own_name, networks
from dicom_gateway.statuspage.metrics import exposition
from dicom_gateway.statuspage.speech import LANGUAGES, TAGS, Speech, instant_words
from dicom_gateway.statuspage.warnings import warnings_of
from dicom_gateway.troubles import last_troubles
from dicom_gateway.words import size_words

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dicom_gateway.settings import GatewaySettings

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def build() -> Flask:
    """The WSGI application of this process."""
    settings = gateway_settings()
    start_log(settings)
    engine = open_index(settings.database_url, settings.var)
    create_schema(engine)
    return create_app(engine, settings)


def create_app(engine: Engine, settings: GatewaySettings) -> Flask:
    """The page over one index."""
    app = Flask("dicom_gateway.statuspage")
    allowed = networks(settings.status_allowed)

    @app.before_request
    def admit() -> None:
        if not is_allowed(request.remote_addr or "", allowed) or not is_own_name(request.host):
            abort(HTTPStatus.FORBIDDEN)

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.get("/")
    def page() -> str:
        return _page(engine, settings)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(
            exposition(lambda: look(engine, settings)), content_type=CONTENT_TYPE_LATEST
        )

    return app


def _page(engine: Engine, settings: GatewaySettings) -> str:
    standing = look(engine, settings)
    language = _language()
    words = Speech(language)
    return render_template(
        "status.html",
        now=standing,
        warnings=warnings_of(standing, words),
        troubles=last_troubles(settings.var),
        peers=settings.peer,
        callers=settings.calling_ae_titles,
        settings=settings,
        say=words.say,
        words=words,
        size_words=size_words,
        instant_words=instant_words,
        languages=LANGUAGES,
        tags=TAGS,
        language=language,
    )


def _language() -> str:
    chosen = request.args.get("lang", "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(["ja", "en"]) or "ja"
