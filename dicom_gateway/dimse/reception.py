"""pynetdicom's receiving side, tuned: large reads, no polling, straight to disk.

Built on pynetdicom 3.0.4. Four things differ from its defaults: the socket reads in one go
and waits instead of polling; PDUs have an upper length; a C-STORE data set
goes to an :class:`Arrival` as its fragments come, so memory stays flat; a complete C-STORE is
served at once on the reader's thread.
"""

from __future__ import annotations

import io
import queue
import socket
import ssl
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_GET, C_MOVE, C_STORE, N_EVENT_REPORT
from pynetdicom.transport import AssociationServer, AssociationSocket, RequestHandler
from typing_extensions import override

from dicom_gateway.dimse.lean import LeanPath
from dicom_gateway.dimse.line import LONGEST_READ, PatientSocket, adopt
from dicom_gateway.dimse.response import store_response
from dicom_gateway.dimse.status import CANNOT_UNDERSTAND, NOT_AUTHORIZED
from dicom_gateway.part10 import Claim, file_head
from dicom_gateway.peers import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.pdu_primitives import P_DATA
    from pynetdicom.presentation import PresentationContext

    from dicom_gateway.arrival import Arrival
    from dicom_gateway.dimse.lean import Store
    from dicom_gateway.ingest import Ingest

    Retrieve = Callable[[Association, PresentationContext, Any], None]
    """Serves one C-GET or C-MOVE to its end."""

MAXIMUM_CONNECTIONS: Final = 256
MAXIMUM_CONNECTIONS_OF_ONE_ADDRESS: Final = 128


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
    """The message queue, except that C-STORE and C-ECHO requests are answered as they arrive, and
    answers to a report go to whoever sent it (``reports``)."""

    def __init__(self, association: Association, store: Store) -> None:
        super().__init__()
        self._association = association
        self._store = store
        self.reports: queue.Queue[N_EVENT_REPORT] = queue.Queue()

    @override
    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        context_id, message = item
        if isinstance(message, N_EVENT_REPORT) and message.is_valid_response:
            self.reports.put(message)
            return
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
    is_at_work: bool = False
    is_let_in: bool = False

    @override
    def _serve_request(self, msg: Any, context_id: int) -> None:
        self.is_at_work = True
        try:
            self._answer(msg, context_id)
        finally:
            self.dul._idle_timer.restart()
            self.is_at_work = False

    def _answer(self, msg: Any, context_id: int) -> None:
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
        patient = adopt(cast("AssociationSocket", association.dul.socket))
        association.dul.socket = patient
        association.dul._run_loop_delay = 0  # PatientSocket waits instead
        server = cast("TunedServer", self.server)
        cast("ServingAssociation", association).retrieve = server.retrieve
        provider = DiskProvider(association, server.ingest, server.store)
        association.dimse = provider
        if server.is_lean and not isinstance(connection, ssl.SSLSocket):
            patient.lean = LeanPath(
                association, server.ingest, provider.keep, longest_pdu=LONGEST_READ
            )
        return association


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
        """Whether there is room for one more connection, whatever it will ask for, and for one more
        of this address."""
        known = self.active_associations
        same = sum(one.requestor.address == client_address[0] for one in known)
        return len(known) < MAXIMUM_CONNECTIONS and same < MAXIMUM_CONNECTIONS_OF_ONE_ADDRESS

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
