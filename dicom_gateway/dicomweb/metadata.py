"""Metadata of WADO-RS (PS3.18 §10.4.1.1.2): headers as JSON, of a series from a ready answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.asked import Asked, Reads, path
from dicom_gateway.dicomweb.problem import Answer
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import NotFound
from dicom_gateway.index import queries
from dicom_gateway.index.engine import reading
from dicom_gateway.index.metadata import Prepared, series_metadata
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    import re

_JSON: Final = ("Content-Type", accept.JSON)


def _of_series(service: Service, asked: Asked, match: re.Match[str]) -> Answer:
    study, series = match["study"], checked_uid(match["series"])
    require_study(asked.access, study)
    accept.require_json(asked.accept)
    with reading(service.engine) as connection:
        found = series_metadata(connection, study, series)
    if found is None:
        raise NotFound("no such series")
    service.ledger.note(asked.access, study)
    return _prepared(found, asked)


def _of_others(service: Service, asked: Asked, match: re.Match[str]) -> Answer:
    named = match.groupdict()
    study, series, instance = named["study"], named.get("series"), named.get("instance")
    require_study(asked.access, study)
    for uid in (series, instance):
        if uid is not None:
            checked_uid(uid)
    accept.require_json(asked.accept)
    with reading(service.engine) as connection:
        lines = queries.metadata_lines(connection, study, series, instance)
    if not lines:
        raise NotFound("nothing of these identifiers")
    service.ledger.note(asked.access, study)
    return Answer(HTTPStatus.OK, f"[{','.join(lines)}]".encode(), (_JSON,))


def _prepared(found: Prepared, asked: Asked) -> Answer:
    """A stored answer in the form the client takes; 304 when it has it already."""
    headers = (("ETag", found.etag), ("Vary", "Accept-Encoding"))
    if found.etag in asked.known_etag:
        return Answer(HTTPStatus.NOT_MODIFIED, b"", headers)
    if asked.takes_gzip:
        packed = (*headers, _JSON, ("Content-Encoding", "gzip"))
        return Answer(HTTPStatus.OK, found.gzipped, packed)
    return Answer(HTTPStatus.OK, found.plain, (*headers, _JSON))


_SERIES: Final = ("studies", "<study>", "series", "<series>")
READS: Final[Reads] = (
    (path(*_SERIES, "metadata"), _of_series),
    (path("studies", "<study>", "metadata"), _of_others),
    (path(*_SERIES, "instances", "<instance>", "metadata"), _of_others),
)
