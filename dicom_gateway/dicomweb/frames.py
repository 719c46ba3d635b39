"""Frames, the request a viewer makes hundreds of times: answered before any framework runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from dicom_gateway import syntax
from dicom_gateway.crypto import digest
from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.asked import Asked, Reads, path
from dicom_gateway.dicomweb.problem import Answer
from dicom_gateway.dicomweb.recoding import recoding
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import BadRequest, NotAcceptable, NotFound
from dicom_gateway.ingest import data_set_start
from dicom_gateway.representations import HTJ2K, wanted
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from dicom_gateway.blobs import Blobs
    from dicom_gateway.dicomweb.ranges import RangeRequest
    from dicom_gateway.index.sending import Located

MOST_FRAMES: Final = 64
_NUMBERS: Final = re.compile(r"[0-9]{1,10}(,[0-9]{1,10})*", re.ASCII)


@dataclass(frozen=True)
class _Stored:
    """A frame as it lies inside its object."""

    store: Blobs
    name: str
    offset: int
    length: int

    def read(self, around: tuple[bytes, bytes] = (b"", b"")) -> bytes:
        return self.store.span(self.name, self.offset, self.length, around)


_Frame = bytes | _Stored


def frames(service: Service, asked: Asked, match: re.Match[str]) -> Answer:
    """WADO-RS frames (PS3.18 §10.4.1.1.3), as stored wherever the client takes that.

    Raises:
        NotFound, NotAcceptable, NotRenderable, BadRequest, BlobMissing.
    """
    study, series, instance, wanted = match.groups()
    require_study(asked.access, study)
    place = service.places.find(study, checked_uid(series), checked_uid(instance))
    numbers = _frame_numbers(wanted)
    form, found, named = _chosen(service, place, numbers, asked.accept)
    service.ledger.note(asked.access, study, frames=len(found))
    kind = f"{form.kind}; transfer-syntax={named}"
    if not form.multipart:
        etag = frame_etag(place.file_name, numbers[0], named)
        return _single(_bytes(found[0]), kind, asked.part, etag)
    return _in_parts(form.kind, kind, found)


def _chosen(
    service: Service, place: Located, numbers: list[int], header: str
) -> tuple[accept.Representation, list[_Frame], str]:
    """How the frames go out, the frames, and the transfer syntax these are in."""
    single = len(numbers) == 1
    form = wanted(header, single=single)
    made = service.made.frames(place.file_name, numbers) if form is not None else None
    if form is not None and made is not None:
        return form, [*made], HTJ2K
    stored = place.transfer_syntax_uid
    try:
        form = accept.choose_frame(header, stored, single=single)
    except NotAcceptable:
        other = recoding(header, stored, single=single)
        if other is None:
            raise
        return other.form, _recoded(service, place, numbers, other.target), other.target
    found = [_frame(service.store, place, number) for number in numbers]
    return form, found, syntax.frame_syntax(stored)


def _recoded(service: Service, place: Located, numbers: list[int], target: str) -> list[_Frame]:
    if not all(place.frames.spans(number) for number in numbers):
        raise NotFound("no such frame")
    path = service.store.path(place.file_name)
    return [service.renderer.recode(path, number, target) for number in numbers]


def frame_etag(file_name: str, number: int, named: str = "") -> str:
    """Strong: a stored object never changes, and its file name is never used again."""
    return f'"{digest(f"{file_name} {number} {named}".encode()).hex()[:32]}"'


def _single(body: bytes, kind: str, part: RangeRequest, etag: str) -> Answer:
    """One frame bare, or the bytes of it that are asked for: thin lines draw from the first."""
    headers = (("Content-Type", kind), ("Accept-Ranges", "bytes"), ("ETag", etag))
    piece = part.of(len(body), etag)
    if piece is None:
        return Answer(HTTPStatus.OK, body, headers)
    content = body[piece.start : piece.end]
    return Answer(
        HTTPStatus.PARTIAL_CONTENT, content, (*headers, ("Content-Range", piece.content_range))
    )


def _frame_numbers(text: str) -> list[int]:
    if _NUMBERS.fullmatch(text) is None:
        raise BadRequest("frames are numbers separated by commas")
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) > MOST_FRAMES:
        raise BadRequest("too many frames in one request")
    return numbers


def _frame(store: Blobs, place: Located, number: int) -> _Frame:
    spans = place.frames.spans(number)
    if not spans:
        raise NotFound("no such frame")
    name = place.file_name
    if place.transfer_syntax_uid == syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return _inflated_span(store.span(name, 0, place.size), *spans[0])
    if len(spans) == 1:
        return _Stored(store, name, *spans[0])
    return b"".join(store.span(name, offset, length) for offset, length in spans)


def _bytes(frame: _Frame) -> bytes:
    return frame if isinstance(frame, bytes) else frame.read()


def _inflated_span(file: bytes, offset: int, length: int) -> bytes:
    """A frame of a deflated object: offsets count inside the inflated data set."""
    return syntax.inflate(file[data_set_start(file) :])[offset : offset + length]


def _in_parts(kind: str, part_kind: str, found: list[_Frame]) -> Answer:
    boundary = uuid4().hex
    head = f"--{boundary}\r\nContent-Type: {part_kind}\r\n\r\n".encode("ascii")
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")
    content_type = f'multipart/related; type="{kind}"; boundary={boundary}'
    if len(found) == 1 and isinstance(found[0], _Stored):
        body = found[0].read((head, tail))
    else:
        body = b"\r\n".join(head + _bytes(frame) for frame in found) + tail
    return Answer(HTTPStatus.OK, body, (("Content-Type", content_type),))


READS: Final[Reads] = (
    (
        path(
            *("studies", "<study>", "series", "<series>"),
            *("instances", "<instance>", "frames", "<frames>"),
        ),
        frames,
    ),
)
