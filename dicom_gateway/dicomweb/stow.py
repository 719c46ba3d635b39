"""STOW-RS (PS3.18 §10.5): objects come in by the one ingest, if the token allows it.

A token may store only when it says so, and only into the studies it names.
"""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, g, request

from dicom_gateway import syntax
from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.asked import service_address
from dicom_gateway.dicomweb.service import require_study
from dicom_gateway.dicomweb.upload import LONGEST_META, Parts, boundary_of, read_meta
from dicom_gateway.errors import (
    BadRequest,
    Forbidden,
    GatewayError,
    Mismatch,
    NotDicom,
    ObjectTooLarge,
    OutOfResources,
    UploadTooLarge,
)
from dicom_gateway.index.arrivals import Standing
from dicom_gateway.ingest import check_claim, inspect
from dicom_gateway.part10 import file_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicom_gateway.arrival import Arrival
    from dicom_gateway.crypto import Access
    from dicom_gateway.dicomweb.service import Service
    from dicom_gateway.ingest import Ingest
    from dicom_gateway.part10 import Claim

# PS3.18 Table 10.5.3-1 and PS3.4 Table B.2-1, as they stand in FailureReason (0008,1197).
OUT_OF_RESOURCES: Final = 0xA700
DOES_NOT_MATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
DUPLICATE_INSTANCE: Final = 0x0111
NOT_AUTHORIZED: Final = 0x0124


def blueprint(service: Service) -> Blueprint:
    """Routes of the store transaction."""
    ingest = service.ingest
    bp = Blueprint("stow", __name__)

    @bp.post("/studies")
    @bp.post("/studies/<study>")
    def store(study: str = "") -> Response:
        access: Access = g.access
        if not access.may_store:
            raise Forbidden("this token does not allow to store")
        if study:
            require_study(access, study)
        accept.require_json(g.accept)
        boundary = boundary_of(request.headers.get("Content-Type", ""))
        if (request.content_length or 0) > ingest.maximum_object_bytes:
            raise UploadTooLarge("the request is larger than allowed; send fewer objects at once")
        parts = Parts(request.stream, boundary, most_bytes=ingest.maximum_object_bytes)
        outcome = Outcome()
        intake = Intake(ingest, frozenset({study}) if study else access.studies, outcome)
        for part in parts:
            intake.take(part)
        return _answer(outcome, f"{service_address(request.scheme, request.host)}/studies")

    return bp


@dataclass
class Outcome:
    """What became of the objects of one request."""

    stored: list[tuple[Claim, str]] = field(default_factory=list)
    failed: list[tuple[Claim | None, int]] = field(default_factory=list)
    troubles: list[type[GatewayError]] = field(default_factory=list)

    @property
    def status(self) -> HTTPStatus:
        """PS3.18 Table 10.5.3-1; nothing stored for want of room is said as such."""
        if not self.failed:
            return HTTPStatus.OK if self.stored else HTTPStatus.BAD_REQUEST
        if self.stored:
            return HTTPStatus.ACCEPTED
        if all(kind is ObjectTooLarge for kind in self.troubles):
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if all(issubclass(kind, OutOfResources) for kind in self.troubles):
            return HTTPStatus.INSUFFICIENT_STORAGE
        return HTTPStatus.CONFLICT

    def fail(self, claim: Claim | None, reason: int, kind: type[GatewayError]) -> None:
        """Note one object that was not stored."""
        self.failed.append((claim, reason))
        self.troubles.append(kind)


@dataclass(frozen=True)
class Intake:
    """Takes parts in, each on its own: one that fails does not harm the others."""

    ingest: Ingest
    studies: frozenset[str]
    outcome: Outcome

    def take(self, part: Iterator[bytes]) -> None:
        """One part, read to its end whatever it holds."""
        claim: Claim | None = None
        try:
            head = b""
            meta = None
            while meta is None:
                piece = next(part, None)
                if piece is None or len(head) > LONGEST_META:
                    raise NotDicom("a part ends before its data set begins")
                head += piece
                meta = read_meta(head)
            claim = meta.claim
            check_claim(claim)
            self._store(claim, head[meta.end :], part)
        except GatewayError as error:
            if isinstance(error, UploadTooLarge | BadRequest):
                raise
            self.outcome.fail(claim, _reason(error), type(error))
        for _ in part:
            pass

    def _store(self, claim: Claim, begun: bytes, rest: Iterator[bytes]) -> None:
        with self.ingest.arrival() as arrival:
            arrival.begin(file_head(claim))
            arrival.write(begun)
            for piece in rest:
                arrival.write(piece)
            arrival.finish()
            study = _study_of(arrival, claim)
            if study not in self.studies:
                raise Forbidden("the object belongs to another study than may be stored")
            standing = self.ingest.admit(arrival, claim)
        if standing is Standing.SET_ASIDE:
            self.outcome.fail(claim, DUPLICATE_INSTANCE, Mismatch)
            return
        self.outcome.stored.append((claim, study))


def _study_of(arrival: Arrival, claim: Claim) -> str:
    """The study an arrived object belongs to, before anything is kept."""
    if arrival.size <= arrival.head_bytes:
        raise NotDicom("data set is empty")
    with mmap.mmap(arrival.fileno(), arrival.size, access=mmap.ACCESS_READ) as data:
        if claim.transfer_syntax_uid != syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
            return inspect(data, arrival.head_bytes, claim).study_instance_uid
        whole = syntax.inflate(data[arrival.head_bytes :])
        return inspect(whole, 0, claim).study_instance_uid


def _reason(error: GatewayError) -> int:
    if isinstance(error, OutOfResources):
        return OUT_OF_RESOURCES
    if isinstance(error, Mismatch):
        return DOES_NOT_MATCH
    return NOT_AUTHORIZED if isinstance(error, Forbidden) else CANNOT_UNDERSTAND


def _answer(outcome: Outcome, studies: str) -> Response:
    """The store instances response module (PS3.18 §10.5.3.2)."""
    content: dict[str, Any] = {}
    named = {study for _, study in outcome.stored}
    if len(named) == 1:
        content["00081190"] = _value("UR", f"{studies}/{min(named)}")
    failed = [{**_reference(one), **_failure(why)} for one, why in outcome.failed if one]
    others = [_failure(why) for one, why in outcome.failed if one is None]
    stored = [_reference(one) for one, _ in outcome.stored]
    for tag, items in (("00081198", failed), ("00081199", stored), ("0008119A", others)):
        if items:
            content[tag] = {"vr": "SQ", "Value": items}
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status=outcome.status, content_type=accept.JSON)


def _reference(claim: Claim) -> dict[str, Any]:
    return {
        "00081150": _value("UI", claim.sop_class_uid),
        "00081155": _value("UI", claim.sop_instance_uid),
    }


def _failure(reason: int) -> dict[str, Any]:
    return {"00081197": _value("US", reason)}


def _value(vr: str, value: str | int) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}
