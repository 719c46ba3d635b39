"""QIDO-RS (PS3.18 §10.6): lists of studies, series and instances, joined from stored lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.parameters import (
    INSTANCE_KEYS,
    SERIES_KEYS,
    STUDY_KEYS,
    Search,
    read_search,
    study_query,
)
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import NotFound
from dicom_gateway.index import queries
from dicom_gateway.index.engine import reading
from dicom_gateway.index.listing import BASE
from dicom_gateway.index.queries import Page
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from dicom_gateway.crypto import Access

_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}", re.ASCII)


def blueprint(service: Service) -> Blueprint:
    """Routes of the search transaction."""
    bp = Blueprint("qido", __name__)

    @bp.get("/studies")
    def studies() -> Response:
        search = _search(STUDY_KEYS)
        query = study_query(search.keys)
        visible = _access().studies
        return _answer(
            service, search, lambda c, page: queries.study_lines(c, visible, query, page)
        )

    @bp.get("/studies/<study>/series")
    def series(study: str) -> Response:
        require_study(_access(), study)
        search = _search(SERIES_KEYS)
        uid, modality = _optional_uid(search, "series"), search.keys.get("modality")

        def lines(connection: Connection, page: Page) -> list[str]:
            _require_listed(connection, study, None)
            return queries.series_lines(connection, study, page, uid, modality)

        return _answer(service, search, lines)

    @bp.get("/studies/<study>/instances")
    @bp.get("/studies/<study>/series/<series>/instances")
    def instances(study: str, series: str | None = None) -> Response:
        require_study(_access(), study)
        search = _search(INSTANCE_KEYS)
        uid = _optional_uid(search, "instance")

        def lines(connection: Connection, page: Page) -> list[str]:
            _require_listed(connection, study, series)
            return queries.instance_lines(connection, study, series, page, uid)

        return _answer(service, search, lines)

    return bp


def _access() -> Access:
    access: Access = g.access
    return access


def _search(known: dict[str, str]) -> Search:
    accept.require_json(g.accept)
    return read_search(request.args, known)


def _optional_uid(search: Search, key: str) -> str | None:
    return checked_uid(search.keys[key]) if key in search.keys else None


def _require_listed(connection: Connection, study: str, series: str | None) -> None:
    found = (
        queries.has_study(connection, study)
        if series is None
        else queries.has_series(connection, study, checked_uid(series))
    )
    if not found:
        raise NotFound("no such study or series")


def _answer(
    service: Service, search: Search, lines: Callable[[Connection, Page], list[str]]
) -> Response:
    """One page; one line more than asked for tells whether there are more."""
    with reading(service.engine) as connection:
        found = lines(connection, Page(search.page.limit + 1, search.page.offset))
    warnings = list(search.warnings)
    if len(found) > search.page.limit:
        del found[search.page.limit :]
        warnings.append("There are additional results that can be requested.")
    body = "[" + ",".join(found) + "]"
    response = Response(body.replace(BASE, _base()), content_type=accept.JSON)
    for text in warnings:
        response.headers.add("Warning", f"299 {_base()}: {text}")
    return response


def _base() -> str:
    """Address of the service as the client reached it."""
    host = request.host
    if _HOST.fullmatch(host) is None:
        return "/dicom-web"
    return f"{request.scheme}://{host}/dicom-web"
