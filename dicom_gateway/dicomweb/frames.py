"""Frames, the request a viewer makes hundreds of times: answered before any framework runs."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from dicom_gateway import syntax
from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.problem import Answer
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import BadRequest, NotFound
from dicom_gateway.ingest import data_set_start
from dicom_gateway.storage import read_span
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from dicom_gateway.crypto import Access
    from dicom_gateway.index.queries import Located

PATH: Final = re.compile(
    r"/dicom-web/studies/([^/]+)/series/([^/]+)/instances/([^/]+)/frames/([^/]+)"
)
MOST_FRAMES: Final = 64
_NUMBERS: Final = re.compile(r"[0-9]{1,10}(,[0-9]{1,10})*", re.ASCII)


def frames(service: Service, access: Access, match: re.Match[str], accepted: str) -> Answer:
    """WADO-RS frames (PS3.18 §10.4.1.1.3), byte for byte as stored.

    Raises:
        NotFound, NotAcceptable, BadRequest, BlobMissing.
    """
    study, series, instance, wanted = match.groups()
    require_study(access, study)
    place = service.places.find(study, checked_uid(series), checked_uid(instance))
    numbers = _frame_numbers(wanted)
    form = accept.choose_frame(accepted, place.transfer_syntax_uid, single=len(numbers) == 1)
    bodies = [_frame(service, place, number) for number in numbers]
    service.ledger.note(access, study, frames=len(bodies))
    kind = f"{form.kind}; transfer-syntax={syntax.frame_syntax(place.transfer_syntax_uid)}"
    if not form.multipart:
        return Answer(HTTPStatus.OK, bodies[0], (("Content-Type", kind),))
    return _in_parts(form.kind, kind, bodies)


def _frame_numbers(text: str) -> list[int]:
    if _NUMBERS.fullmatch(text) is None:
        raise BadRequest("frames are numbers separated by commas")
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) > MOST_FRAMES:
        raise BadRequest("too many frames in one request")
    return numbers


def _frame(service: Service, place: Located, number: int) -> bytes:
    spans = place.frames.spans(number)
    if not spans:
        raise NotFound("no such frame")
    path = service.store.path(place.file_name)
    if place.transfer_syntax_uid == syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return _inflated_span(read_span(path, 0, place.size), *spans[0])
    return b"".join(read_span(path, offset, length) for offset, length in spans)


def _inflated_span(file: bytes, offset: int, length: int) -> bytes:
    """A frame of a deflated object: offsets count inside the inflated data set."""
    return syntax.inflate(file[data_set_start(file) :])[offset : offset + length]


def _in_parts(kind: str, part_kind: str, bodies: list[bytes]) -> Answer:
    boundary = uuid4().hex
    head = f"--{boundary}\r\nContent-Type: {part_kind}\r\n\r\n".encode("ascii")
    pieces: list[bytes] = []
    for body in bodies:
        pieces += (head, body, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    content_type = f'multipart/related; type="{kind}"; boundary={boundary}'
    return Answer(HTTPStatus.OK, b"".join(pieces), (("Content-Type", content_type),))
