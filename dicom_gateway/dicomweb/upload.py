"""The body of a STOW-RS request: parts of multipart/related, taken piece by piece (RFC 2046 §5.1).

A part goes to disk as it comes; memory holds one piece and the file meta group.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from dicom_gateway.errors import BadRequest, NotDicom, UnsupportedMedia, UploadTooLarge
from dicom_gateway.part10 import Claim
from dicom_gateway.uid import uid_from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_BYTES: Final = 256 * 1024
LONGEST_PART_HEAD: Final = 8 * 1024
LONGEST_META: Final = 64 * 1024
_PREAMBLE: Final = 132
_META_GROUP: Final = 0x0002
_IDENTIFIERS: Final = (0x0002, 0x0003, 0x0010)
"""Media Storage SOP Class UID, Media Storage SOP Instance UID, Transfer Syntax UID."""
_LONG_VRS: Final = frozenset({b"OB", b"UN", b"OW", b"UT", b"SQ", b"UC", b"UR"})
_TYPE: Final = re.compile(r'type\s*=\s*"?([^";]+)"?', re.IGNORECASE)
_BOUNDARY: Final = re.compile(
    r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s";,]{1,200})(?=[\s;,]|$))', re.IGNORECASE
)
"""RFC 2046 §5.1.1 allows 70 characters; Orthanc sends 73."""
SENDER: Final = "STOW-RS"


class Body(Protocol):
    """What the server gives to read from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


def boundary_of(content_type: str) -> bytes:
    """The boundary of a body of DICOM objects.

    Raises:
        UnsupportedMedia: not multipart/related, or of something else than application/dicom.
        BadRequest: without a boundary.
    """
    if content_type.split(";", 1)[0].strip().lower() != "multipart/related":
        raise UnsupportedMedia('objects come as multipart/related; type="application/dicom"')
    kind = _TYPE.search(content_type)
    if kind is None or kind[1].strip().lower() != "application/dicom":
        raise UnsupportedMedia("only parts of type application/dicom are taken")
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BadRequest("the content type names no boundary")
    return (found[1] or found[2]).encode("latin-1", "replace")


class Parts:
    """The parts of a body, one after the other. Each must be read to its end."""

    def __init__(self, body: Body, boundary: bytes, *, most_bytes: int) -> None:
        self._body = body
        self._mark = b"\r\n--" + boundary
        self._buffer = b"\r\n"
        self._left = most_bytes
        self._is_over = False

    def __iter__(self) -> Iterator[Iterator[bytes]]:
        """Each part as an iterator of pieces, its head already passed.

        Raises:
            BadRequest: the body ends in the middle, or a head does not.
            UnsupportedMedia: a part of another type.
            UploadTooLarge: the whole is longer than allowed.
        """
        for _ in self._until_mark():
            pass
        while not self._at_end():
            self._pass_head()
            yield self._until_mark()

    def _fill(self) -> None:
        piece = self._body.read(PIECE_BYTES)
        if not piece:
            raise BadRequest("the body ends in the middle of a part")
        self._left -= len(piece)
        if self._left < 0:
            raise UploadTooLarge("the request is larger than allowed; send fewer objects at once")
        self._buffer += piece

    def _until_mark(self) -> Iterator[bytes]:
        while (at := self._buffer.find(self._mark)) < 0:
            safe = len(self._buffer) - len(self._mark) + 1
            if safe > 0:
                yield self._buffer[:safe]
                self._buffer = self._buffer[safe:]
            self._fill()
        if at:
            yield self._buffer[:at]
        self._buffer = self._buffer[at + len(self._mark) :]

    def _at_end(self) -> bool:
        while len(self._buffer) < 2:  # noqa: PLR2004 - two hyphens or a line end
            self._fill()
        return self._buffer.startswith(b"--")

    def _pass_head(self) -> None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > LONGEST_PART_HEAD:
                raise BadRequest("the head of a part does not end")
            self._fill()
        if end > LONGEST_PART_HEAD:
            raise BadRequest("the head of a part is too long")
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        for line in head.lower().split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.strip() == b"content-type" and not value.strip().startswith(
                b"application/dicom"
            ):
                raise UnsupportedMedia("a part is of another type than application/dicom")


@dataclass(frozen=True)
class Meta:
    """What the head of a file says, and where the data set begins."""

    claim: Claim
    end: int


def read_meta(head: bytes) -> Meta | None:
    """The file meta group (PS3.10 §7.1) at the beginning of a file.

    Returns:
        ``None`` when more bytes are needed.

    Raises:
        NotDicom: it is not the beginning of a DICOM file.
    """
    if len(head) < _PREAMBLE + 8:
        return None
    if head[128:132] != b"DICM":
        raise NotDicom("a part is not a DICOM file")
    found: dict[int, bytes] = {}
    at = _PREAMBLE
    while len(head) >= at + 12:
        group, number, vr, short = struct.unpack_from("<HH2sH", head, at)
        if group != _META_GROUP:
            values = [uid_from_bytes(found.get(one, b"")) for one in _IDENTIFIERS]
            return Meta(Claim(values[0], values[1], values[2], SENDER), at)
        is_long = vr in _LONG_VRS
        start = at + (12 if is_long else 8)
        length = int.from_bytes(head[at + 8 : at + 12], "little") if is_long else short
        if length > LONGEST_META:
            raise NotDicom("the file meta information is too long")
        found[number], at = head[start : start + length], start + length
    return None
