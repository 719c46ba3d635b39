"""The short way of C-STORE: from the socket to disk without pynetdicom's copies and queues.

An association is negotiated, watched, released and aborted by pynetdicom. While one is established
(Sta6 of PS3.8 §9.2), its reader thread comes here for P-DATA-TF PDUs that carry plain C-STORE
requests and their data sets. Everything else stays in the inbox, whole, and goes the way pynetdicom
would have taken it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from dicom_gateway.arrival import MOST_PIECES
from dicom_gateway.dimse.command import StoreRequest, read_store_request
from dicom_gateway.dimse.inbox import PDU_HEAD, Inbox
from dicom_gateway.dimse.response import store_response
from dicom_gateway.part10 import Claim, file_head

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from pynetdicom.association import Association
    from pynetdicom.transport import AssociationSocket

    from dicom_gateway.arrival import Arrival
    from dicom_gateway.ingest import Ingest

    Store = Callable[[Arrival, Claim], int]
    """Keeps the object of one request; returns the C-STORE status."""

QUIET_SECONDS: Final = 0.01
READ_AHEAD_BYTES: Final = 768 * 1024
"""Read beyond one PDU where it has come already: a CT slice in one go."""
_LAST_READS: Final = 64
_ESTABLISHED: Final = "Sta6"
_AWAITING_CLOSE: Final = "Sta13"
_CLOSED: Final = "Evt17"
_INVALID: Final = "Evt19"
_P_DATA_TF: Final = 0x04
_PDV_HEAD: Final = struct.Struct(">IBB")  # PS3.8 §9.3.5.1: length, context, control header
_COUNTED_HEAD: Final = 2  # the length of a value includes context and control header
_COMMAND: Final = 0x01
_LAST: Final = 0x02


class Fragment(NamedTuple):
    """One presentation data value: where its bytes lie behind the PDU head, and what they are."""

    offset: int
    length: int
    context_id: int
    control: int


@dataclass(frozen=True)
class _Reception:
    """An object that is coming in."""

    request: StoreRequest
    context_id: int
    claim: Claim
    arrival: Arrival


class LeanPath:
    """Serves one established association from its reader thread."""

    def __init__(
        self, association: Association, ingest: Ingest, store: Store, *, longest_pdu: int
    ) -> None:
        self._association = association
        self._ingest = ingest
        self._store = store
        self._longest_pdu = longest_pdu
        self._now: _Reception | None = None
        self._gathered: list[memoryview] = []
        self.inbox = Inbox(longest_pdu + PDU_HEAD.size + READ_AHEAD_BYTES)

    def may_serve(self) -> bool:
        """Whether the next PDU is this path's to look at."""
        association = self._association
        return (
            association.dul.state_machine.current_state == _ESTABLISHED
            and association.dimse.message is None
        )

    def serve(self, connection: socket.socket) -> bool:
        """Take objects until the line is quiet, something is to be sent or something else came.

        pynetdicom's second thread, which asks for messages a thousand times a second, rests.

        Returns:
            whether a PDU waits that pynetdicom is to read.
        """
        checkpoint = self._association._reactor_checkpoint
        try:
            while not self._is_called_away():
                head = self.inbox.head()
                if head is not None and (head[0] != _P_DATA_TF or head[1] > self._longest_pdu):
                    return True
                if head is not None and len(self.inbox) >= PDU_HEAD.size + head[1]:
                    if not self._take(head[1]):
                        return len(self.inbox) > 0
                elif not self._read(connection):
                    return False
                else:
                    checkpoint.clear()
            return False
        finally:
            self._pass_on()
            checkpoint.set()

    def is_over(self) -> bool:
        """Whether the association is, and only the connection is left (Sta13)."""
        return self._association.dul.state_machine.current_state == _AWAITING_CLOSE

    def leave_unread(self, connection: socket.socket) -> bool:
        """Discard what a peer still sends after the end, so that closing does not cut off our last
        PDU. Returns False: there is nothing to be read as a PDU."""
        self.inbox.clear()
        try:
            for _ in range(_LAST_READS):
                if not self.inbox.fill(connection, QUIET_SECONDS):
                    break
                self.inbox.clear()
        except (OSError, ValueError):
            pass
        self.inbox.clear()
        return False

    def _is_called_away(self) -> bool:
        dul = self._association.dul
        return bool(dul.to_provider_queue.queue) or dul._kill_thread

    def _read(self, connection: socket.socket) -> bool:
        """Wait a moment for bytes. False: none came, or the connection is over."""
        dul = self._association.dul
        self._pass_on()
        try:
            came = self.inbox.fill(connection, QUIET_SECONDS)
        except (OSError, ValueError):
            came = 0
        if came:
            dul._idle_timer.restart()
            return True
        if came is not None:
            dul.event_queue.put(_CLOSED)
        return False

    def _take(self, length: int) -> bool:
        """Use one whole PDU. False: it, or the rest of it, is not for this path."""
        fragments = split(self.inbox.look(PDU_HEAD.size, length))
        if not fragments:
            return self._break_off() if self._now is not None else False
        for fragment in fragments:
            if self._now is None:
                if not self._begin(fragment):
                    start = fragment.offset - _PDV_HEAD.size
                    self.inbox.drop_fragments(start, left=length - start)
                    return False
            elif fragment.control & _COMMAND or fragment.context_id != self._now.context_id:
                return self._break_off()
            else:
                self._receive(self._now, fragment)
        self.inbox.drop(PDU_HEAD.size + length)
        return True

    def _begin(self, fragment: Fragment) -> bool:
        """Make a place for the object that this command announces, if it is a plain C-STORE."""
        context = self._association._accepted_cx.get(fragment.context_id)
        if fragment.control & (_COMMAND | _LAST) != _COMMAND | _LAST or context is None:
            return False
        request = read_store_request(bytes(self._bytes(fragment)))
        if request is None:
            return False
        claim = Claim(
            sop_class_uid=request.sop_class_uid,
            sop_instance_uid=request.sop_instance_uid,
            transfer_syntax_uid=str(context.transfer_syntax[0]),
            sender=self._association.requestor.ae_title,
        )
        arrival = self._ingest.arrival()
        arrival.begin(file_head(claim))
        self._now = _Reception(request, fragment.context_id, claim, arrival)
        return True

    def _receive(self, now: _Reception, fragment: Fragment) -> None:
        self._gathered.append(self._bytes(fragment))
        if len(self._gathered) == MOST_PIECES:
            self._pass_on()
        if fragment.control & _LAST:
            self._pass_on()
            self._now = None
            self._answer(now)

    def _pass_on(self) -> None:
        """Write what was gathered, before the inbox moves on: few large writes, no copies."""
        if self._gathered and self._now is not None:
            self._now.arrival.write(*self._gathered)
        self._gathered.clear()

    def _answer(self, now: _Reception) -> None:
        """Keep the object, and only then say so."""
        status = self._store(now.arrival, now.claim)
        dul = self._association.dul
        response = store_response(
            now.context_id,
            now.request.message_id,
            status,
            sop_class=now.claim.sop_class_uid,
            sop_instance=now.claim.sop_instance_uid,
        )
        cast("AssociationSocket", dul.socket).send(response)
        dul._idle_timer.restart()

    def _bytes(self, fragment: Fragment) -> memoryview:
        return self.inbox.look(PDU_HEAD.size + fragment.offset, fragment.length)

    def _break_off(self) -> bool:
        """The peer sent what has no place inside a data set: the association is aborted."""
        self._association.dul.event_queue.put(_INVALID)
        self.inbox.clear()
        self.abandon()
        return False

    def abandon(self) -> None:
        """Drop what came of an unfinished object."""
        self._gathered.clear()
        if self._now is not None:
            self._now.arrival.discard()
            self._now = None


def split(field: memoryview) -> list[Fragment] | None:
    """The presentation data values of one PDU; ``None`` when they do not fill it exactly."""
    found: list[Fragment] = []
    at = 0
    while at < len(field):
        if len(field) - at < _PDV_HEAD.size:
            return None
        length, context_id, control = _PDV_HEAD.unpack_from(field, at)
        at += _PDV_HEAD.size
        length -= _COUNTED_HEAD
        if not 0 <= length <= len(field) - at:
            return None
        found.append(Fragment(at, length, context_id, control))
        at += length
    return found
