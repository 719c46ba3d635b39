"""WADO-RS (PS3.18 §10.4): whole objects and single large values, as stored."""

from __future__ import annotations

import mmap
import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from dicom_gateway import ingest, syntax
from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.frames import frame_etag
from dicom_gateway.dicomweb.multipart import Multipart, Part, Volume, volumes_of
from dicom_gateway.dicomweb.ranges import RangeRequest
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import BadRequest, NotFound
from dicom_gateway.index import sending
from dicom_gateway.index.engine import reading
from dicom_gateway.scan import UNDEFINED, scan
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from dicom_gateway.crypto import Access
    from dicom_gateway.index.sending import Located, Whole

_TAG = re.compile(r"[0-9A-F]{8}", re.ASCII)


def blueprint(service: Service) -> Blueprint:
    """Routes of the retrieve transaction, frames excepted."""
    bp = Blueprint("wado", __name__)
    _add_objects(bp, service)
    return bp


def _add_objects(bp: Blueprint, service: Service) -> None:
    @bp.get("/studies/<study>")
    @bp.get("/studies/<study>/series/<series>")
    @bp.get("/studies/<study>/series/<series>/instances/<instance>")
    def objects(study: str, series: str | None = None, instance: str | None = None) -> Response:
        access = _enter(study, series, instance)
        with reading(service.engine) as connection:
            whole = sending.whole_of(connection, study, series, instance)
        if not whole.object_ids:
            raise NotFound("nothing of these identifiers")
        response = _objects(service, whole)
        if request.method == "GET":
            service.ledger.note(access, study, instances=len(whole.object_ids))
        return response

    @bp.get("/studies/<study>/series/<series>/instances/<instance>/bulkdata/<tag>")
    def bulkdata(study: str, series: str, instance: str, tag: str) -> Response:
        access = _enter(study, series, instance)
        place = service.places.find(study, series, instance)
        response = _bulkdata(service, place, tag)
        service.ledger.note(access, study, instances=1)
        return response


def _enter(study: str, series: str | None = None, instance: str | None = None) -> Access:
    access: Access = g.access
    require_study(access, study)
    for uid in (series, instance):
        if uid is not None:
            checked_uid(uid)
    return access


def _objects(service: Service, whole: Whole) -> Response:
    accept.require_one_family(g.accept)
    syntaxes = {volume.transfer_syntax_uid for volume in whole.volumes}
    form = accept.choose_object(g.accept, syntaxes, single=len(whole.object_ids) == 1)
    objects = sending.whole_objects(service.engine, whole.object_ids)
    parts = (
        Part(_part_kind(one.transfer_syntax_uid), service.store, one.file_name, 0, one.size)
        for one in objects
    )
    if not form.multipart:
        part = next(parts)
        return _streamed(part, frame_etag(part.file_name, 0))
    volumes = [Volume(_part_kind(syntax), count, size) for syntax, count, size in whole.volumes]
    return _in_parts(Multipart(form.kind, parts, volumes))


def _part_kind(transfer_syntax: str) -> str:
    return f"{accept.DICOM}; transfer-syntax={transfer_syntax}"


def _in_parts(body: Multipart) -> Response:
    response = Response(iter(body), content_type=body.content_type)
    response.content_length = body.length
    return response


def _streamed(part: Part, etag: str) -> Response:
    """One part bare, or the bytes of it that are asked for."""
    asked = RangeRequest(request.headers.get("Range", ""), request.headers.get("If-Range", ""))
    piece = asked.of(part.length, etag)
    headers = {"Accept-Ranges": "bytes", "ETag": etag}
    if piece is None:
        response = Response(part.pieces(), content_type=part.content_type, headers=headers)
        response.content_length = part.length
        return response
    length = piece.end - piece.start
    inner = replace(part, offset=part.offset + piece.start, length=length)
    response = Response(
        inner.pieces(),
        status=HTTPStatus.PARTIAL_CONTENT,
        content_type=part.content_type,
        headers={**headers, "Content-Range": piece.content_range},
    )
    response.content_length = length
    return response


def _bulkdata(service: Service, place: Located, tag: str) -> Response:
    """One top-level value of defined length, or the fragments' frames as parts."""
    if _TAG.fullmatch(tag) is None:
        raise BadRequest("a tag is eight hex digits")
    if tag == "7FE00010" and place.frames.encapsulated:
        return _all_frames(place, service)
    form = accept.choose_bulk(g.accept)
    offset, length = _value_span(service, place, int(tag, 16))
    named = syntax.frame_syntax(place.transfer_syntax_uid)
    kind = f"{accept.OCTETS}; transfer-syntax={named}"
    part = Part(kind, service.store, place.file_name, offset, length)
    if not form.multipart:
        return _streamed(part, frame_etag(place.file_name, -int(tag, 16)))
    return _in_parts(Multipart(accept.OCTETS, [part], volumes_of([part])))


def _all_frames(place: Located, service: Service) -> Response:
    form = accept.choose_frame(g.accept, place.transfer_syntax_uid, single=False)
    kind = form.kind
    part_kind = f"{kind}; transfer-syntax={place.transfer_syntax_uid}"
    spans = [place.frames.spans(number) for number in range(1, place.frames.count + 1)]
    if not spans or any(len(pieces) != 1 for pieces in spans):
        raise NotFound("this value is fetched frame by frame")
    parts = [Part(part_kind, service.store, place.file_name, *pieces[0]) for pieces in spans]
    return _in_parts(Multipart(kind, parts, volumes_of(parts)))


def _value_span(service: Service, place: Located, tag: int) -> tuple[int, int]:
    if place.transfer_syntax_uid == syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        raise NotFound("values of a deflated object are fetched with the object")
    with service.store.open(place.file_name) as file:
        start = ingest.data_set_start(file.read(144))
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = scan(data, start, syntax.encoding_of(place.transfer_syntax_uid))
    element = found.elements.get(tag)
    if element is None or element.length == UNDEFINED:
        raise NotFound("no such value")
    return element.start, element.length
