"""QIDO-RS (PS3.18 §10.6): lists of studies, series and instances, joined from stored lines."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.parameters import read_search, require_utf8
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import NotFound
from dicom_gateway.index import queries
from dicom_gateway.index.engine import reading
from dicom_gateway.index.listing import BASE
from dicom_gateway.index.queries import Page
from dicom_gateway.index.searching import Level, Scope, search
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dicom_gateway.crypto import Access
    from dicom_gateway.index.matching import Key

_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}", re.ASCII)
_STUDY_UID = "0020000D"
_NOT_WHOLE = "Some objects of this study could not be fetched from the archive."
_MORE = "There are additional results that can be requested."


def blueprint(service: Service) -> Blueprint:
    """Routes of the search transaction."""
    bp = Blueprint("qido", __name__)

    @bp.get("/studies")
    def studies() -> Response:
        return _answer(service, Scope(Level.STUDY, _access().studies))

    @bp.get("/series")
    def all_series() -> Response:
        return _answer(service, Scope(Level.SERIES, _access().studies))

    @bp.get("/instances")
    def all_instances() -> Response:
        return _answer(service, Scope(Level.INSTANCE, _access().studies))

    @bp.get("/studies/<study>/series")
    def series(study: str) -> Response:
        require_study(_access(), study)
        return _answer(service, Scope(Level.SERIES, _access().studies, study))

    @bp.get("/studies/<study>/instances")
    @bp.get("/studies/<study>/series/<series>/instances")
    def instances(study: str, series: str = "") -> Response:
        require_study(_access(), study)
        below = checked_uid(series) if series else ""
        return _answer(service, Scope(Level.INSTANCE, _access().studies, study, below))

    return bp


def _access() -> Access:
    access: Access = g.access
    return access


def _require_listed(connection: Connection, scope: Scope) -> None:
    if not scope.study:
        return
    found = (
        queries.has_series(connection, scope.study, scope.series)
        if scope.series
        else queries.has_study(connection, scope.study)
    )
    if not found:
        raise NotFound("no such study or series")


def _answer(service: Service, scope: Scope) -> Response:
    """One page; one line more than asked for tells whether there are more."""
    accept.require_json(g.accept)
    require_utf8(request.query_string)
    asked = read_search(request.args)
    limit = asked.wanted.page.limit
    one_more = replace(asked.wanted, page=Page(limit + 1, asked.wanted.page.offset))
    warnings = list(asked.warnings)
    with reading(service.engine) as connection:
        if scope.study and not service.priors.require_whole(connection, scope.study):
            warnings.append(_NOT_WHOLE)
        _require_listed(connection, scope)
        found = search(connection, scope, one_more)
    if not found:
        _fetch_what_is_named(service, scope, asked.wanted.keys)
    if len(found) > limit:
        del found[limit:]
        warnings.append(_MORE)
    body = "[" + ",".join(found) + "]"
    response = Response(body.replace(BASE, service_address()), content_type=accept.JSON)
    for text in warnings:
        response.headers.add("Warning", f"299 {service_address()}: {text}")
    return response


def _fetch_what_is_named(service: Service, scope: Scope, keys: Sequence[Key]) -> None:
    """An empty list of one granted study may be a study that a peer has.

    Raises:
        PullPending, ArchiveAway: the client is to ask again.
    """
    named = [key.value for key in keys if key.path == (_STUDY_UID,)]
    if scope.level is Level.STUDY and len(keys) == 1 and named and named[0] in _access().studies:
        service.priors.ask_for(named[0])


def service_address() -> str:
    """Address of the service as the client reached it."""
    host = request.host
    if _HOST.fullmatch(host) is None:
        return "/dicom-web"
    return f"{request.scheme}://{host}/dicom-web"
