"""QIDO-RS (PS3.18 §10.6): lists of studies, series and instances, joined from stored lines."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.asked import Asked, Read, Reads, path
from dicom_gateway.dicomweb.parameters import read_search
from dicom_gateway.dicomweb.problem import Answer
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import NotFound
from dicom_gateway.index import queries
from dicom_gateway.index.engine import reading
from dicom_gateway.index.listing import BASE
from dicom_gateway.index.queries import Page
from dicom_gateway.index.searching import Level, Scope, search
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dicom_gateway.index.matching import Key

_BASE: Final = BASE.encode()
_STUDY_UID = "0020000D"
_NOT_WHOLE = "Some objects of this study could not be fetched from the archive."
_MORE = "There are additional results that can be requested."


def _all(level: Level) -> Read:
    def read(service: Service, asked: Asked, _match: re.Match[str]) -> Answer:
        return _list(service, asked, Scope(level, asked.access.studies))

    return read


def _below(level: Level) -> Read:
    def read(service: Service, asked: Asked, match: re.Match[str]) -> Answer:
        study, series = match["study"], match.groupdict().get("series", "")
        require_study(asked.access, study)
        below = checked_uid(series) if series else ""
        return _list(service, asked, Scope(level, asked.access.studies, study, below))

    return read


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


def _list(service: Service, asked: Asked, scope: Scope) -> Answer:
    """One page, made now unless nothing has changed since it was made for the same question."""
    accept.require_json(asked.accept)
    key = (scope, asked.query, asked.service_address)
    return service.lists.answer(key, lambda: _made(service, asked, scope))


def _made(service: Service, asked: Asked, scope: Scope) -> Answer:
    """One page; one line more than asked for tells whether there are more."""
    search_for = read_search(asked.query)
    limit = search_for.wanted.page.limit
    one_more = replace(search_for.wanted, page=Page(limit + 1, search_for.wanted.page.offset))
    warnings = list(search_for.warnings)
    with reading(service.engine) as connection:
        if scope.study and not service.priors.require_whole(connection, scope.study):
            warnings.append(_NOT_WHOLE)
        _require_listed(connection, scope)
        found = search(connection, scope, one_more)
    if not found:
        _fetch_what_is_named(service, scope, search_for.wanted.keys)
    if len(found) > limit:
        del found[limit:]
        warnings.append(_MORE)
    address = asked.service_address
    told = tuple(("Warning", f"299 {address}: {text}") for text in warnings)
    body = f"[{','.join(found)}]".encode().replace(_BASE, address.encode())
    return Answer(HTTPStatus.OK, body, (("Content-Type", accept.JSON), *told))


def _fetch_what_is_named(service: Service, scope: Scope, keys: Sequence[Key]) -> None:
    """An empty list of one granted study may be a study that a peer has.

    Raises:
        PullPending, ArchiveAway: the client is to ask again.
    """
    named = [key.value for key in keys if key.path == (_STUDY_UID,)]
    visible = scope.visible or frozenset()
    if scope.level is Level.STUDY and len(keys) == 1 and named and named[0] in visible:
        service.priors.ask_for(named[0])


_STUDY: Final = ("studies", "<study>")
READS: Final[Reads] = (
    (path("studies"), _all(Level.STUDY)),
    (path(*_STUDY, "series"), _below(Level.SERIES)),
    (path(*_STUDY, "series", "<series>", "instances"), _below(Level.INSTANCE)),
    (path(*_STUDY, "instances"), _below(Level.INSTANCE)),
    (path("series"), _all(Level.SERIES)),
    (path("instances"), _all(Level.INSTANCE)),
)
