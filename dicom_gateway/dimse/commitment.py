"""Storage commitment, push model (PS3.4 Annex J): asked by N-ACTION, told by N-EVENT-REPORT.

A peer that keeps its association open is told over it. Otherwise the report goes over an
association of its own to where the peer listens, until the peer takes it.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context, build_role
from sqlalchemy.exc import SQLAlchemyError

from dicom_gateway import clock
from dicom_gateway.dimse import status
from dicom_gateway.dimse.transfer import is_open, send_message
from dicom_gateway.errors import BadUid, GatewayError, TransferFailed
from dicom_gateway.index import commitments
from dicom_gateway.index.commitments import Pending, Reference, Verdict
from dicom_gateway.index.engine import reading
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynetdicom.association import Association
    from pynetdicom.events import Event

    from dicom_gateway.dimse.holdings import Holdings
    from dicom_gateway.peers import Peer, Peers

log = structlog.get_logger()

PUSH_MODEL: Final = UID("1.2.840.10008.1.20.1")
WELL_KNOWN_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
REQUEST_COMMITMENT: Final = 1
ALL_KEPT, SOME_NOT_KEPT = 1, 2
MOST_REFERENCES: Final = 50_000
LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 20.0
SOON_SECONDS: Final = 0.2
KEPT_OPEN_SECONDS: Final = 1.0
"""A peer that has not released by then waits for the report on this association."""


class Reporter:
    """Notes requests, and tells the outcome from a thread of its own."""

    def __init__(self, holdings: Holdings, peers: Peers) -> None:
        self._holdings = holdings
        self._peers = peers
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commitments", daemon=True)
        self._lines: dict[tuple[str, str], Line] = {}

    def start(self) -> None:
        """Begin to tell what waits, also from before a restart."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not told stays a row."""
        self._stop.set()
        self._news.set()
        self._thread.join(LOOK_SECONDS)

    def note(self, event: Event) -> tuple[int, None]:
        """The answer to one N-ACTION. A process edge: nothing escapes into the association."""
        title = event.assoc.requestor.ae_title
        try:
            request: Any = event.request
            if request.RequestedSOPInstanceUID != WELL_KNOWN_INSTANCE:
                return status.NO_SUCH_INSTANCE, None
            if request.ActionTypeID != REQUEST_COMMITMENT:
                return status.NO_SUCH_ACTION, None
            self._ask(event, title)
        except (SQLAlchemyError, OSError):
            log.exception("commitment not noted")
            return status.RESOURCE_LIMITATION, None
        except Exception as error:  # noqa: BLE001 - edge of the DIMSE handler
            log.warning("commitment not understood", kind=type(error).__name__)
            return status.INVALID_ARGUMENT, None
        self._news.set()
        return status.SUCCESS, None

    def _ask(self, event: Event, title: str) -> None:
        transaction, wanted = read_request(event.action_information)
        line = Line(event.assoc, event.context.context_id or 0, clock.monotonic())
        self._lines[title, transaction] = line
        try:
            commitments.ask(self._holdings.engine, title, transaction, wanted)
        except BaseException:
            del self._lines[title, transaction]
            raise

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.report_due()
            except Exception:  # edge of the reporting thread
                log.exception("commitments not reported")
            self._news.wait(SOON_SECONDS if self._lines else LOOK_SECONDS)
            self._news.clear()

    def report_due(self) -> None:
        """Tell every peer what is due; whoever does not take it is called again later."""
        for one in commitments.due(self._holdings.engine):
            if self._stop.is_set():
                return
            line = self._lines.get((one.ae_title, one.transaction_uid))
            if line is not None and line.may_be_released_soon():
                continue
            try:
                self._tell(one)
            except GatewayError as error:
                log.warning("commitment not told", code=error.code, peer=one.ae_title)
                commitments.postpone(self._holdings.engine, one)
            else:
                commitments.told(self._holdings.engine, one)

    def _tell(self, one: Pending) -> None:
        """Over the association of the request if it is still open, or over a new one.

        Raises:
            ReportNotTaken, PeerUnknown: neither can be done.
        """
        with reading(self._holdings.engine) as connection:
            verdict = commitments.judge(connection, self._holdings.store, one.references)
        kind = SOME_NOT_KEPT if verdict.failed else ALL_KEPT
        report = write_report(one.transaction_uid, verdict)
        line = self._lines.pop((one.ae_title, one.transaction_uid), None)
        if line is not None and line.tell(kind, report):
            return
        self._call(self._peers.destination(one.ae_title), kind, report)

    def _call(self, peer: Peer, kind: int, report: Dataset) -> None:
        role = build_role(PUSH_MODEL, scp_role=True)
        line = self._holdings.caller.call(peer, [build_context(PUSH_MODEL)], roles=[role])
        if line is None:
            raise ReportNotTaken("the peer does not accept an association")
        try:
            answer, _ = line.send_n_event_report(report, kind, PUSH_MODEL, WELL_KNOWN_INSTANCE)
        except ValueError as error:
            raise ReportNotTaken("the peer does not take reports") from error
        finally:
            line.release()
        if answer.get("Status") != status.SUCCESS:
            raise ReportNotTaken("the peer refused the report")


class ReportNotTaken(GatewayError):
    """The peer could not be told what is kept."""

    code = "report-not-taken"


@dataclass(frozen=True)
class Line:
    """The association of a request, and when that was (monotonic seconds)."""

    association: Association
    context_id: int
    asked_at: float

    def may_be_released_soon(self) -> bool:
        """Whether it is too early to tell that the peer keeps it open."""
        is_young = clock.monotonic() - self.asked_at < KEPT_OPEN_SECONDS
        return is_young and is_open(self.association)

    def tell(self, kind: int, report: Dataset) -> bool:
        """Whether the peer took the report here."""
        if not is_open(self.association):
            return False
        syntax = self.association._accepted_cx[self.context_id].transfer_syntax[0]
        encoded = encode(report, syntax.is_implicit_VR, syntax.is_little_endian)
        request = N_EVENT_REPORT()
        request.MessageID, request.EventTypeID = 1, kind
        request.AffectedSOPClassUID = PUSH_MODEL
        request.AffectedSOPInstanceUID = UID(WELL_KNOWN_INSTANCE)
        request.EventInformation = BytesIO(encoded or b"")
        answers: Any = self.association.dimse.msg_queue
        try:
            send_message(self.association, request, self.context_id)
            answer = answers.reports.get(timeout=ANSWER_SECONDS)
        except (TransferFailed, queue.Empty):
            return False
        return bool(answer.Status == status.SUCCESS)


def read_request(information: Dataset) -> tuple[str, tuple[Reference, ...]]:
    """Transaction and references of one request (PS3.4 Table J.3-1).

    Raises:
        BadUid: something that should be an identifier is none.
        AttributeError: a needed attribute is missing.
    """
    items = information.ReferencedSOPSequence
    if not 0 < len(items) <= MOST_REFERENCES:
        raise BadUid("a commitment names between one and 50,000 objects")
    wanted = tuple(
        Reference(
            checked_uid(str(item.ReferencedSOPClassUID)),
            checked_uid(str(item.ReferencedSOPInstanceUID)),
        )
        for item in items
    )
    return checked_uid(str(information.TransactionUID)), wanted


def write_report(transaction: str, verdict: Verdict) -> Dataset:
    """Event information (PS3.4 Table J.3-2)."""
    report = Dataset()
    report.TransactionUID = transaction
    if verdict.kept:
        report.ReferencedSOPSequence = list(_items((one, None) for one in verdict.kept))
    if verdict.failed:
        report.FailedSOPSequence = list(_items(verdict.failed))
    return report


def _items(references: Iterable[tuple[Reference, int | None]]) -> Iterable[Dataset]:
    for one, reason in references:
        item = Dataset()
        item.ReferencedSOPClassUID = one.sop_class_uid
        item.ReferencedSOPInstanceUID = one.sop_instance_uid
        if reason is not None:
            item.FailureReason = reason
        yield item
