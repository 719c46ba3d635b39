"""Storage commitment, push model (PS3.4 Annex J): asked by N-ACTION, told by N-EVENT-REPORT.

The report goes over an association of its own to where the peer listens, until the peer takes it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom.presentation import build_context, build_role
from sqlalchemy.exc import SQLAlchemyError

from dicom_gateway.dimse import status
from dicom_gateway.errors import BadUid, GatewayError, PeerUnknown
from dicom_gateway.index import commitments
from dicom_gateway.index.commitments import Pending, Reference, Verdict
from dicom_gateway.index.engine import reading
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class Reporter:
    """Notes requests, and tells the outcome from a thread of its own."""

    def __init__(self, holdings: Holdings, peers: Peers) -> None:
        self._holdings = holdings
        self._peers = peers
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commitments", daemon=True)

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
            self._peers.destination(title)
            transaction, wanted = read_request(event.action_information)
            commitments.ask(self._holdings.engine, title, transaction, wanted)
        except PeerUnknown:
            log.warning("commitment refused: the peer has no port to be told at", peer=title)
            return status.NOT_AUTHORIZED, None
        except (SQLAlchemyError, OSError):
            log.exception("commitment not noted")
            return status.RESOURCE_LIMITATION, None
        except Exception as error:  # noqa: BLE001 - edge of the DIMSE handler
            log.warning("commitment not understood", kind=type(error).__name__)
            return status.INVALID_ARGUMENT, None
        self._news.set()
        return status.SUCCESS, None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.report_due()
            except Exception:  # edge of the reporting thread
                log.exception("commitments not reported")
            self._news.wait(LOOK_SECONDS)
            self._news.clear()

    def report_due(self) -> None:
        """Tell every peer what is due; whoever does not take it is called again later."""
        for one in commitments.due(self._holdings.engine):
            if self._stop.is_set():
                return
            try:
                self._tell(self._peers.destination(one.ae_title), one)
            except GatewayError as error:
                log.warning("commitment not told", code=error.code, peer=one.ae_title)
                commitments.postpone(self._holdings.engine, one)
            else:
                commitments.told(self._holdings.engine, one)

    def _tell(self, peer: Peer, one: Pending) -> None:
        with reading(self._holdings.engine) as connection:
            verdict = commitments.judge(connection, self._holdings.store, one.references)
        role = build_role(PUSH_MODEL, scp_role=True)
        line = self._holdings.caller.call(peer, [build_context(PUSH_MODEL)], roles=[role])
        if line is None:
            raise ReportNotTaken("the peer does not accept an association")
        try:
            kind = SOME_NOT_KEPT if verdict.failed else ALL_KEPT
            report = write_report(one.transaction_uid, verdict)
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
