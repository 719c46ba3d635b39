"""The one way in: validate, make durable, list, and only then say yes.

C-STORE, web upload, folders and what is fetched from a PACS come through here. What is
acknowledged survives a killed process and power loss.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicom_gateway import clock, syntax
from dicom_gateway.crypto import digest
from dicom_gateway.errors import BadUid, Mismatch, NotDicom
from dicom_gateway.frames import FrameTable, locate_frames
from dicom_gateway.index.arrivals import ArrivalBook, Entry, Standing
from dicom_gateway.part10 import Claim, read_head
from dicom_gateway.scan import Buffer, Structure, scan
from dicom_gateway.uid import checked_uid, uid_from_bytes

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dicom_gateway.arrival import Arrival
    from dicom_gateway.blobs import Blobs

_SOP_CLASS_UID = 0x00080016
_SOP_INSTANCE_UID = 0x00080018
_STUDY_INSTANCE_UID = 0x0020000D
_SERIES_INSTANCE_UID = 0x0020000E
_LONGEST_UID_FIELD = 66


@dataclass(frozen=True)
class Inspection:
    """What a well-formed object says about itself."""

    study_instance_uid: str
    series_instance_uid: str
    frames: FrameTable


class Ingest:
    """Takes objects in. One per receiving process; any number of threads."""

    def __init__(self, store: Blobs, engine: Engine, *, maximum_object_bytes: int) -> None:
        self._store = store
        self._book = ArrivalBook(engine)
        self.maximum_object_bytes = maximum_object_bytes

    def arrival(self) -> Arrival:
        """A place on disk for an object that begins to come in."""
        return self._store.arrival(maximum_bytes=self.maximum_object_bytes)

    def admit(self, arrival: Arrival, claim: Claim) -> Standing:
        """Keep the arrived object for good. When this returns it is durable and listed.

        Raises:
            NotDicom: not a whole, well-formed data set with usable identifiers.
            Mismatch: the data set is another object than claimed.
            OutOfResources: disk or index cannot take it, or it is too large.
        """
        arrival.finish()
        seen = _inspect(arrival, claim)
        sha256 = arrival.digest()
        name = self._store.keep(arrival, study_instance_uid=seen.study_instance_uid, sha256=sha256)
        entry = Entry(
            claim=claim,
            study_instance_uid=seen.study_instance_uid,
            series_instance_uid=seen.series_instance_uid,
            file_name=name,
            size=arrival.size,
            data_set_sha256=sha256,
            received_at=clock.now().timestamp(),
            frames=seen.frames,
        )
        standing = self._book.record(entry)
        if standing is Standing.REPEATED:
            self._store.remove(name)
        return standing


def check_claim(claim: Claim) -> None:
    """Refuse identifiers that are none, before anything is done with them.

    Raises:
        BadUid: SOP class, SOP instance or transfer syntax is not 1 to 64 digits and dots.
    """
    for value in (claim.sop_class_uid, claim.sop_instance_uid, claim.transfer_syntax_uid):
        checked_uid(value)


def _inspect(arrival: Arrival, claim: Claim) -> Inspection:
    check_claim(claim)
    if arrival.size <= arrival.head_bytes:
        raise NotDicom("data set is empty")
    with mmap.mmap(arrival.fileno(), arrival.size, access=mmap.ACCESS_READ) as data:
        return inspect_whole(data, arrival.head_bytes, claim)


def inspect_whole(data: Buffer, start: int, claim: Claim) -> Inspection:
    """:func:`inspect`, inflating first where the transfer syntax says so."""
    if claim.transfer_syntax_uid != syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return inspect(data, start, claim)
    return inspect(syntax.inflate(data[start:]), 0, claim)


def inspect(data: Buffer, start: int, claim: Claim) -> Inspection:
    """Walk the whole data set at ``start`` and read what identifies it.

    Raises:
        NotDicom, Mismatch: as :meth:`Ingest.admit`.
    """
    structure = scan(data, start, syntax.encoding_of(claim.transfer_syntax_uid))
    found = (
        _identifier(data, structure, _SOP_CLASS_UID),
        _identifier(data, structure, _SOP_INSTANCE_UID),
    )
    if found != (claim.sop_class_uid, claim.sop_instance_uid):
        raise Mismatch("data set is another object than the request names")
    return Inspection(
        study_instance_uid=_identifier(data, structure, _STUDY_INSTANCE_UID),
        series_instance_uid=_identifier(data, structure, _SERIES_INSTANCE_UID),
        frames=locate_frames(data, structure, claim.transfer_syntax_uid),
    )


def inspect_stored(store: Blobs, name: str, *, sender: str) -> Entry:
    """The entry of a file that was kept earlier, read anew from its bytes.

    Raises:
        NotDicom, Mismatch: it is not what the gateway kept.
        BlobMissing: it is gone.
    """
    with store.open(name) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = read_head(data)
        claim = Claim(head.sop_class_uid, head.sop_instance_uid, head.transfer_syntax_uid, sender)
        seen = inspect_whole(data, head.end, claim)
        return Entry(
            claim=claim,
            study_instance_uid=seen.study_instance_uid,
            series_instance_uid=seen.series_instance_uid,
            file_name=name,
            size=len(data),
            data_set_sha256=digest(memoryview(data)[head.end :]),
            received_at=clock.now().timestamp(),
            frames=seen.frames,
        )


def data_set_start(head: bytes) -> int:
    """Offset of the data set in a stored file, from its first 144 bytes (group length of 0002)."""
    return 144 + int.from_bytes(head[140:144], "little")


def _identifier(data: Buffer, structure: Structure, tag: int) -> str:
    element = structure.elements.get(tag)
    if element is None or element.length > _LONGEST_UID_FIELD:
        raise BadUid("data set lacks a usable identifier")
    return uid_from_bytes(bytes(data[element.start : element.start + element.length]))
