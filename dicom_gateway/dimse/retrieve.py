"""C-MOVE and C-GET (PS3.4 C.4.2, C.4.3): what is stored here, sent as it is.

Local objects only. A move goes to a listed peer and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.dsutils import decode, encode
from pynetdicom.presentation import build_context

from dicom_gateway.dimse import status
from dicom_gateway.dimse.identifier import (
    INSTANCE_UID,
    PATIENT_ID,
    SERIES_UID,
    STUDY_UID,
    UNIQUE_KEY,
    read_question,
)
from dicom_gateway.dimse.transfer import Originator, is_open, send_file, send_message
from dicom_gateway.errors import (
    BlobMissing,
    BlobUnreachable,
    GatewayError,
    IdentifierRefused,
    TransferFailed,
)
from dicom_gateway.index.engine import reading
from dicom_gateway.index.retrieval import Selection, StoredFile, selected_files

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from dicom_gateway.dimse.holdings import Holdings
    from dicom_gateway.peers import Peer, Peers

log = structlog.get_logger()

PATIENT_ROOT_MOVE: Final = UID("1.2.840.10008.5.1.4.1.2.1.2")
PATIENT_ROOT_GET: Final = UID("1.2.840.10008.5.1.4.1.2.1.3")
STUDY_ROOT_MOVE: Final = UID("1.2.840.10008.5.1.4.1.2.2.2")
STUDY_ROOT_GET: Final = UID("1.2.840.10008.5.1.4.1.2.2.3")
MODELS: Final = (PATIENT_ROOT_MOVE, PATIENT_ROOT_GET, STUDY_ROOT_MOVE, STUDY_ROOT_GET)
MOST_SUBOPERATIONS: Final = 65_535  # counts are US
MOST_CONTEXTS: Final = 128  # PS3.8 §9.3.2.2: odd numbers up to 255
_WARNINGS: Final = range(0xB000, 0xC000)


@dataclass
class Tally:
    """How the sub-operations went so far."""

    remaining: int
    completed: int = 0
    warnings: int = 0
    failed: list[str] = field(default_factory=list)

    def note(self, stored: StoredFile, code: int) -> None:
        """Count one sub-operation by its status."""
        self.remaining -= 1
        if code == status.SUCCESS:
            self.completed += 1
        elif code in _WARNINGS:
            self.warnings += 1
        else:
            self.failed.append(stored.sop_instance_uid)

    def verdict(self) -> int:
        """The status of the last response."""
        if not self.failed and not self.warnings:
            return status.SUCCESS
        if not self.completed and not self.warnings:
            return status.SUBOPERATIONS_IMPOSSIBLE
        return status.SOME_FAILED


@dataclass(frozen=True)
class Retrieval:
    """Serves one request on the thread of its association."""

    association: Association
    context: PresentationContext
    request: Any
    holdings: Holdings
    peers: Peers

    def serve(self) -> None:
        """Send what is asked for and answer. A process edge for whatever the request holds."""
        try:
            files = self._files()
            self._serve(files)
        except TransferFailed:
            log.warning("retrieve ended with its association")
        except GatewayError as error:
            log.warning("retrieve refused", code=error.code, reason=str(error))
            self._respond(_refusal(error))
        except Exception as error:  # noqa: BLE001 - edge of the DIMSE handler
            log.warning("retrieve not understood", kind=type(error).__name__)
            self._respond(status.UNABLE_TO_PROCESS)

    def _serve(self, files: list[StoredFile]) -> None:
        if isinstance(self.request, C_GET):
            self._send_all(self.association, files)
            return
        peer = self.peers.destination(self.request.MoveDestination.strip())
        if not files:
            self._respond(status.SUCCESS, Tally(0))
            return
        line = self._call(peer, files)
        if line is None:
            log.warning("move destination is away", ae_title=peer.ae_title)
            tally = Tally(0, failed=[one.sop_instance_uid for one in files])
            self._respond(tally.verdict(), tally)
            return
        try:
            origin = Originator(self.association.requestor.ae_title, self.request.MessageID)
            self._send_all(line, files, origin)
        finally:
            line.release()

    def _files(self) -> list[StoredFile]:
        syntax = self.context.transfer_syntax[0]
        identifier = decode(
            self.request.Identifier,
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            syntax.is_deflated,
        )
        is_patient_root = self.request.AffectedSOPClassUID in MODELS[:2]
        question = read_question(identifier, patient_root=is_patient_root)
        key = UNIQUE_KEY[question.level]
        if not question.uids(key):
            raise IdentifierRefused("the unique key of the level is missing")
        selection = Selection(
            patient_ids=question.uids(PATIENT_ID),
            studies=question.uids(STUDY_UID),
            series=question.uids(SERIES_UID),
            instances=question.uids(INSTANCE_UID),
        )
        with reading(self.holdings.engine) as connection:
            files = selected_files(connection, selection)
        if len(files) > MOST_SUBOPERATIONS:
            raise IdentifierRefused("more objects than one request can count")
        return files

    def _call(self, peer: Peer, files: list[StoredFile]) -> Association | None:
        pairs = sorted({(one.sop_class_uid, one.transfer_syntax_uid) for one in files})
        contexts = [build_context(*pair) for pair in pairs[:MOST_CONTEXTS]]
        return self.holdings.caller.call(peer, contexts)

    def _send_all(
        self, line: Association, files: list[StoredFile], origin: Originator | None = None
    ) -> None:
        """One sub-operation after another, each told; a cancel ends them between two."""
        tally = Tally(len(files))
        for number, stored in enumerate(files, 1):
            if self.request.MessageID in self.association.dimse.cancel_req:
                self._respond(status.CANCEL, tally)
                return
            message_id = (self.request.MessageID + number) % MOST_SUBOPERATIONS or 1
            tally.note(stored, self._send(line, stored, message_id, origin))
            if not is_open(self.association):
                raise TransferFailed("the peer has left")
            if tally.remaining:
                self._respond(status.PENDING, tally)
        self._respond(tally.verdict(), tally)

    def _send(
        self, line: Association, stored: StoredFile, message_id: int, origin: Originator | None
    ) -> int:
        try:
            path = self.holdings.store.path(stored.file_name)
            return send_file(line, stored, path, message_id, origin)
        except (TransferFailed, BlobMissing, BlobUnreachable) as error:
            log.warning("sub-operation failed", code=error.code, reason=str(error))
            return status.SUBOPERATIONS_IMPOSSIBLE

    def _respond(self, code: int, tally: Tally | None = None) -> None:
        if not is_open(self.association):
            return
        response = type(self.request)()
        response.MessageIDBeingRespondedTo = self.request.MessageID
        response.AffectedSOPClassUID = self.request.AffectedSOPClassUID
        response.Status = code
        if tally is not None:
            self._count(response, code, tally)
        send_message(self.association, response, self.context.context_id or 0)

    def _count(self, response: C_GET | C_MOVE, code: int, tally: Tally) -> None:
        if code in {status.PENDING, status.CANCEL}:
            response.NumberOfRemainingSuboperations = tally.remaining
        response.NumberOfCompletedSuboperations = tally.completed
        response.NumberOfFailedSuboperations = len(tally.failed)
        response.NumberOfWarningSuboperations = tally.warnings
        if code in {status.PENDING, status.SUCCESS}:
            return
        failed = Dataset()
        failed.FailedSOPInstanceUIDList = tally.failed
        syntax = self.context.transfer_syntax[0]
        encoded = encode(failed, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
        response.Identifier = BytesIO(encoded or b"")


def _refusal(error: GatewayError) -> int:
    if isinstance(error, IdentifierRefused):
        return status.IDENTIFIER_DOES_NOT_MATCH
    return status.DESTINATION_UNKNOWN
