"""pynetdicom's receiving side, tuned: large reads, no polling, straight to disk.

Built on pynetdicom 3.0.4. Four things differ from its defaults: the socket reads in one go
and waits instead of polling; PDUs have an upper length; a C-STORE data set
goes to an :class:`Arrival` as its fragments come, so memory stays flat; a complete C-STORE is
served at once on the reader's thread.
"""

from __future__ import annotations

import io
import queue
import select
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_GET, C_MOVE, C_STORE
from pynetdicom.transport import AssociationServer, AssociationSocket, RequestHandler
from typing_extensions import override

from dicom_gateway.dimse.holdings import MAXIMUM_PDU_BYTES
from dicom_gateway.dimse.lean import LeanPath
from dicom_gateway.dimse.response import store_response
from dicom_gateway.dimse.status import CANNOT_UNDERSTAND, NOT_AUTHORIZED
from dicom_gateway.part10 import Claim, file_head
from dicom_gateway.peers import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.pdu_primitives import P_DATA
    from pynetdicom.presentation import PresentationContext

    from dicom_gateway.dimse.lean import Store
    from dicom_gateway.ingest import Ingest
    from dicom_gateway.storage import Arrival

    Retrieve = Callable[[Association, PresentationContext, Any], None]
    """Serves one C-GET or C-MOVE to its end."""

MAXIMUM_CONNECTIONS: Final = 256
_LONGEST_READ: Final = MAXIMUM_PDU_BYTES + 64 * 1024
_WAIT_SECONDS: Final = 0.01
_PAUSE_SECONDS: Final = 0.001


class PatientSocket(AssociationSocket):
    """Waits for data instead of asking every millisecond, and reads a PDU in large pieces.

    With a lean path, objects are served from here; pynetdicom reads what that path left.
    """

    lean: LeanPath | None = None

    @property
    @override
    def ready(self) -> bool:
        """Whether data can be read; waits up to 10 ms for it."""
        if self.socket is None or not self._is_connected:
            time.sleep(_PAUSE_SECONDS)
            return False
        if self.lean is not None:
            if self.lean.is_over():
                return self.lean.leave_unread(self.socket)
            if self.lean.may_serve():
                return self.lean.serve(self.socket)
            if len(self.lean.inbox):
                return True
        return self._is_readable(self.socket)

    def _is_readable(self, connection: socket.socket) -> bool:
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        try:
            readable, _, _ = select.select([connection], [], [], _WAIT_SECONDS)
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False
        return bool(readable)

    @override
    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly ``nr_bytes``, or fewer when the peer is gone.

        Raises:
            OSError: the peer announced a PDU longer than it may be.
        """
        if nr_bytes > _LONGEST_READ:
            raise OSError("PDU is longer than allowed")
        buffer = bytearray(nr_bytes)
        view = memoryview(buffer)
        got = self.lean.inbox.take_into(view) if self.lean is not None else 0
        while got < nr_bytes:
            count = cast("socket.socket", self.socket).recv_into(view[got:])
            if not count:
                return buffer[:got]
            got += count
        return buffer


class DiskDataSet(io.BytesIO):
    """Stands where pynetdicom keeps a data set in memory; passes every fragment on to disk."""

    def __init__(self, message: DIMSEMessage, ingest: Ingest, association: Association) -> None:
        super().__init__()
        self._message = message
        self._ingest = ingest
        self._association = association
        self.arrival: Arrival | None = None
        self.claim: Claim | None = None

    @override
    def write(self, fragment: Any, /) -> int:
        """Take one fragment. Data sets of other services stay in memory."""
        if not isinstance(self._message, C_STORE_RQ):
            return super().write(fragment)
        if self.arrival is None:
            self.arrival = self._begin()
        self.arrival.write(fragment)
        return len(fragment)

    def _begin(self) -> Arrival:
        command = self._message.command_set
        context = self._association._accepted_cx.get(cast("int", self._message.context_id))
        syntaxes = context.transfer_syntax if context is not None else []
        self.claim = Claim(
            sop_class_uid=str(command.get("AffectedSOPClassUID", "")),
            sop_instance_uid=str(command.get("AffectedSOPInstanceUID", "")),
            transfer_syntax_uid=str(syntaxes[0]) if syntaxes else "",
            sender=self._sender(),
        )
        arrival = self._ingest.arrival()
        arrival.begin(file_head(self.claim))
        return arrival

    def _sender(self) -> str:
        """The peer: whoever called, or whom the gateway called for a C-GET."""
        line = self._association
        return line.acceptor.ae_title if line.is_requestor else line.requestor.ae_title

    def let_go(self) -> None:
        """Remove what was not kept of an object. Identifiers stay to be read."""
        if self.arrival is not None:
            self.arrival.discard()


class _ServeAtOnce(queue.Queue[Any]):
    """The message queue, except that C-STORE and C-ECHO requests are answered as they arrive."""

    def __init__(self, association: Association, store: Store) -> None:
        super().__init__()
        self._association = association
        self._store = store

    @override
    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        context_id, message = item
        ready = isinstance(message, C_STORE | C_ECHO) and message.is_valid_request
        if not ready or context_id not in self._association._accepted_cx:
            super().put(item, block, timeout)
        elif isinstance(message, C_STORE):
            self._answer(context_id, message)
        else:
            self._association._serve_request(message, context_id)

    def _answer(self, context_id: int, message: C_STORE) -> None:
        """Store and send the response from the reader's own thread, in state Sta6."""
        data_set = cast("DiskDataSet", message.DataSet)
        status = CANNOT_UNDERSTAND
        if data_set.arrival is not None and data_set.claim is not None:
            status = self._store(data_set.arrival, data_set.claim)
        response = store_response(
            context_id,
            cast("int", message.MessageID),
            status,
            sop_class=str(message.AffectedSOPClassUID),
            sop_instance=str(message.AffectedSOPInstanceUID),
        )
        cast("PatientSocket", self._association.dul.socket).send(response)


class DiskProvider(DIMSEServiceProvider):
    """Collects messages like pynetdicom's own, with data sets on disk."""

    rights: frozenset[Right] = frozenset()

    def __init__(self, association: Association, ingest: Ingest, store: Store) -> None:
        super().__init__(association)
        self._ingest = ingest
        self._store = store
        self.msg_queue = _ServeAtOnce(association, self.keep)

    def keep(self, arrival: Arrival, claim: Claim) -> int:
        """The status of a C-STORE; a peer without that right stores nothing."""
        if Right.STORE in self.rights:
            return self._store(arrival, claim)
        arrival.discard()
        return NOT_AUTHORIZED

    @override
    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take the next fragments; a finished or broken message lets go of its file."""
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = DiskDataSet(self.message, self._ingest, self.assoc)
        data_set = cast("DiskDataSet", self.message.data_set)
        super().receive_primitive(primitive)
        if self._finished():
            data_set.let_go()

    def _finished(self) -> bool:
        return self.message is None

    def abandon(self) -> None:
        """The association is over: drop what came of an unfinished message."""
        if self.message is not None and self.message.data_set is not None:
            cast("DiskDataSet", self.message.data_set).let_go()
        connection = self.dul.socket
        if isinstance(connection, PatientSocket) and connection.lean is not None:
            connection.lean.abandon()


class ServingAssociation(Association):
    """Serves C-GET and C-MOVE from stored files; pynetdicom's own way decodes each object."""

    retrieve: Retrieve

    @override
    def _serve_request(self, msg: Any, context_id: int) -> None:
        context = self._accepted_cx.get(context_id)
        is_ours = isinstance(msg, C_GET | C_MOVE) and msg.is_valid_request
        if not is_ours or context is None:
            super()._serve_request(msg, context_id)
            return
        self.dimse.cancel_req = {}
        self._is_paused = True
        try:
            self.retrieve(self, context, msg)
        finally:
            self._is_paused = False
            self.dimse.cancel_req = {}


class TunedHandler(RequestHandler):
    """Sets up one accepted connection."""

    @override
    def _create_association(self) -> Association:
        association = super()._create_association()
        association.__class__ = ServingAssociation
        connection = cast("socket.socket", self.request)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(self.ae.network_timeout)
        patient = _adopt(cast("AssociationSocket", association.dul.socket))
        association.dul.socket = patient
        association.dul._run_loop_delay = 0  # PatientSocket waits instead
        server = cast("TunedServer", self.server)
        cast("ServingAssociation", association).retrieve = server.retrieve
        provider = DiskProvider(association, server.ingest, server.store)
        association.dimse = provider
        if server.is_lean and not isinstance(connection, ssl.SSLSocket):
            patient.lean = LeanPath(
                association, server.ingest, provider.keep, longest_pdu=_LONGEST_READ
            )
        return association


def _adopt(plain: AssociationSocket) -> PatientSocket:
    """The same connection under our reading manners, without announcing it a second time."""
    patient = PatientSocket.__new__(PatientSocket)
    patient.__dict__.update(plain.__dict__)
    return patient


class TunedServer(AssociationServer):
    """Listens; every association it makes stores through the given ingest."""

    ingest: Ingest
    store: Store
    is_lean: bool
    retrieve: Retrieve
    request_queue_size = MAXIMUM_CONNECTIONS

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "request_handler": TunedHandler})

    @override
    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection, whatever it will ask for."""
        return len(self.active_associations) < MAXIMUM_CONNECTIONS

    @override
    def get_request(self) -> tuple[socket.socket, Any]:
        """One accepted connection. Over TLS the handshake is left to its own thread, so that a slow
        peer holds up nobody."""
        connection, address = cast("socket.socket", self.socket).accept()
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address
