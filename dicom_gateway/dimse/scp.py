"""The gateway as SCP of verification, storage and query (PS3.4 Annexes A, B and C)."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from functools import partial
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_gateway.dimse import find, retrieve, status
from dicom_gateway.dimse.commitment import PUSH_MODEL, Reporter
from dicom_gateway.dimse.holdings import MAXIMUM_PDU_BYTES
from dicom_gateway.dimse.reception import MAXIMUM_CONNECTIONS, DiskProvider, TunedServer
from dicom_gateway.dimse.room import MAXIMUM_ASSOCIATIONS, NoRoom, make_room
from dicom_gateway.errors import GatewayError, Mismatch, NotDicom, OutOfResources, PeerRefused
from dicom_gateway.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicom_gateway.peers import Peers, Right

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from dicom_gateway.arrival import Arrival
    from dicom_gateway.dimse.holdings import Holdings
    from dicom_gateway.dimse.line import PatientSocket
    from dicom_gateway.ingest import Ingest
    from dicom_gateway.part10 import Claim

log = structlog.get_logger()

NETWORK_TIMEOUT_SECONDS: Final = 60
POLL_SECONDS: Final = 0.1
_CALLER_NOT_RECOGNISED: Final = (0x01, 0x01, 0x03)
"""Rejected for good, by the service user: calling AE title not recognised (PS3.8 Table 9-21)."""
_LOCAL_LIMIT_EXCEEDED: Final = (0x02, 0x03, 0x02)
"""Rejected for now, by the service provider (presentation): local limit exceeded."""
_STATUS_OF: Final[tuple[tuple[type[GatewayError], int], ...]] = (
    (NotDicom, status.CANNOT_UNDERSTAND),
    (Mismatch, status.DATA_SET_DOES_NOT_MATCH),
    (OutOfResources, status.OUT_OF_RESOURCES),
)


@dataclass(frozen=True)
class Listener:
    """Where and as whom the gateway listens, and to whom."""

    host: str
    port: int
    ae_title: str
    peers: Peers = field(default_factory=Peers)
    tls_port: int = 0
    tls: ssl.SSLContext | None = None


class Receiver:
    """A listening SCP, serving on a thread of its own."""

    def __init__(self, servers: list[TunedServer], entity: AE, reporter: Reporter) -> None:
        self._servers = servers
        self._reporter = reporter
        self._entity = entity
        self._threads = [
            threading.Thread(
                target=server.serve_forever, args=(POLL_SECONDS,), name="dimse", daemon=True
            )
            for server in servers
        ]
        for thread in self._threads:
            thread.start()

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._servers[0].server_address[1])

    @property
    def tls_port(self) -> int:
        """The TCP port of DIMSE over TLS; 0 without."""
        return int(self._servers[-1].server_address[1]) if len(self._servers) > 1 else 0

    def stop(self) -> None:
        """Take no new association, abort those that are open, let go of the port."""
        self._reporter.stop()
        for server in self._servers:
            BaseServer.shutdown(server)
            server.server_close()
        self._entity.shutdown()
        for thread in self._threads:
            thread.join()


def start_scp(
    listener: Listener, ingest: Ingest, holdings: Holdings, *, lean: bool = True
) -> Receiver:
    """Listen, store, find and hand out. Every storage class, private ones too, is taken in the
    first transfer syntax the sender offers. Without ``lean`` every PDU goes through pynetdicom: the
    reference that the lean path is held against.

    Raises:
        OSError: the port is taken.
    """
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    _config.LOG_HANDLER_LEVEL = "none"
    entity = _entity(listener)
    reporter = Reporter(holdings, listener.peers)
    handlers: list[Any] = [
        (evt.EVT_REQUESTED, _on_requested, [listener.peers]),
        (evt.EVT_C_FIND, find.answers, [holdings.engine]),
        (evt.EVT_N_ACTION, reporter.note),
        (evt.EVT_CONN_CLOSE, _on_close),
        (evt.EVT_REJECTED, _on_rejected),
    ]
    doors: list[tuple[int, ssl.SSLContext | None]] = [(listener.port, None)]
    if listener.tls is not None:
        doors.append((listener.tls_port, listener.tls))
    servers = []
    for port, tls in doors:
        made = entity.make_server(
            (listener.host, port), ssl_context=tls, evt_handlers=handlers, server_class=TunedServer
        )
        server = cast("TunedServer", made)
        server.ingest, server.store, server.is_lean = ingest, partial(store, ingest), lean
        server.retrieve = partial(_retrieve, holdings, listener.peers)
        servers.append(server)
    reporter.start()
    return Receiver(servers, entity, reporter)


def _retrieve(
    holdings: Holdings,
    peers: Peers,
    association: Association,
    context: PresentationContext,
    request: Any,
) -> None:
    retrieve.Retrieval(association, context, request, holdings, peers).serve()


def _entity(listener: Listener) -> AE:
    entity = AE(ae_title=listener.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.maximum_pdu_size = MAXIMUM_PDU_BYTES
    entity.maximum_associations = MAXIMUM_CONNECTIONS
    entity.network_timeout = NETWORK_TIMEOUT_SECONDS
    entity.require_called_aet = True
    for model in (Verification, PUSH_MODEL, *find.MODELS, *retrieve.MODELS):
        entity.add_supported_context(model)
    return entity


def _on_requested(event: evt.Event, peers: Peers) -> None:
    """Let a listed peer in with its rights. A process edge: whatever goes wrong, nobody enters."""
    association = event.assoc
    try:
        admit(association, peers)
        make_room(association)
    except NoRoom:
        log.warning("too many associations", limit=MAXIMUM_ASSOCIATIONS)
        _turn_away(association, _LOCAL_LIMIT_EXCEEDED)
    except PeerRefused as error:
        log.warning("peer refused", reason=str(error))
        _turn_away(association)
    except Exception:  # edge of the DIMSE handler
        log.exception("peer could not be judged")
        _turn_away(association)


def _turn_away(
    association: Association, answer: tuple[int, int, int] = _CALLER_NOT_RECOGNISED
) -> None:
    request = association.requestor.primitive
    association.requestor.ae_title = cast("Any", request).calling_ae_title
    association.acse.send_reject(*answer)
    association.kill()


def admit(association: Association, peers: Peers) -> None:
    """Give the association the rights of its caller; services without a right are not offered.

    Raises:
        PeerRefused: as :meth:`Peers.admit`.
    """
    request = cast("Any", association.requestor.primitive)
    line = cast("PatientSocket", association.dul.socket).socket
    rights = peers.admit(
        request.calling_ae_title.strip(),
        association.requestor.address or "",
        certificate=(isinstance(line, ssl.SSLSocket) and line.getpeercert(binary_form=True)) or b"",
    )
    cast("DiskProvider", association.dimse).rights = rights
    allowed = {Verification}
    if Right.STORE in rights:
        allowed.add(PUSH_MODEL)
    if Right.QUERY in rights:
        allowed.update(find.MODELS)
    if Right.RETRIEVE in rights:
        allowed.update(retrieve.MODELS)
    offered = association.acceptor.supported_contexts
    association.acceptor.supported_contexts = [
        context for context in offered if context.abstract_syntax in allowed
    ]


def store(ingest: Ingest, arrival: Arrival, claim: Claim) -> int:
    """The status that answers one C-STORE. A process edge: nothing escapes into the association."""
    try:
        ingest.admit(arrival, claim)
    except GatewayError as error:
        log.warning("object refused", code=error.code, reason=str(error))
        return _status_of(error)
    except Exception:  # edge of the DIMSE handler
        log.exception("object not stored")
        return status.OUT_OF_RESOURCES
    finally:
        arrival.discard()
    return status.SUCCESS


def _status_of(error: GatewayError) -> int:
    for kind, code in _STATUS_OF:
        if isinstance(error, kind):
            return code
    return status.OUT_OF_RESOURCES


def _on_close(event: evt.Event) -> None:
    if isinstance(event.assoc.dimse, DiskProvider):
        event.assoc.dimse.abandon()


def _on_rejected(event: evt.Event) -> None:
    requestor = event.assoc.requestor
    log.warning("association rejected", calling_ae_title=requestor.ae_title)
