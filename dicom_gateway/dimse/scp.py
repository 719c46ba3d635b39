"""The gateway as storage and verification SCP (PS3.4 Annexes A and B)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_gateway.dimse import status
from dicom_gateway.dimse.reception import (
    MAXIMUM_PDU_BYTES,
    DiskProvider,
    TunedServer,
)
from dicom_gateway.errors import GatewayError, Mismatch, NotDicom, OutOfResources
from dicom_gateway.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    from dicom_gateway.ingest import Ingest
    from dicom_gateway.part10 import Claim
    from dicom_gateway.storage import Arrival

log = structlog.get_logger()

MAXIMUM_ASSOCIATIONS: Final = 48
NETWORK_TIMEOUT_SECONDS: Final = 60
POLL_SECONDS: Final = 0.1
_STATUS_OF: Final[tuple[tuple[type[GatewayError], int], ...]] = (
    (NotDicom, status.CANNOT_UNDERSTAND),
    (Mismatch, status.DATA_SET_DOES_NOT_MATCH),
    (OutOfResources, status.OUT_OF_RESOURCES),
)


@dataclass(frozen=True)
class Listener:
    """Where and as whom the gateway listens. Empty ``callers``: any calling AE title."""

    host: str
    port: int
    ae_title: str
    callers: tuple[str, ...] = ()


class Receiver:
    """A listening SCP, serving on a thread of its own."""

    def __init__(self, server: TunedServer, entity: AE) -> None:
        self._server = server
        self._entity = entity
        self._thread = threading.Thread(
            target=server.serve_forever, args=(POLL_SECONDS,), name="dimse", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Take no new association, abort those that are open, let go of the port."""
        BaseServer.shutdown(self._server)
        self._server.server_close()
        self._entity.shutdown()
        self._thread.join()


def start_scp(listener: Listener, ingest: Ingest, *, lean: bool = True) -> Receiver:
    """Listen and store. Every storage class, private ones too, is taken in the first transfer
    syntax the sender offers. Without ``lean`` every PDU goes through pynetdicom: the reference that
    the lean path is held against.

    Raises:
        OSError: the port is taken.
    """
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    _config.LOG_HANDLER_LEVEL = "none"
    entity = _entity(listener)
    handlers: list[Any] = [
        (evt.EVT_CONN_CLOSE, _on_close),
        (evt.EVT_REJECTED, _on_rejected),
    ]
    made = entity.make_server(
        (listener.host, listener.port), evt_handlers=handlers, server_class=TunedServer
    )
    server = cast("TunedServer", made)
    server.ingest = ingest
    server.store = partial(store, ingest)
    server.is_lean = lean
    return Receiver(server, entity)


def _entity(listener: Listener) -> AE:
    entity = AE(ae_title=listener.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.maximum_pdu_size = MAXIMUM_PDU_BYTES
    entity.maximum_associations = MAXIMUM_ASSOCIATIONS
    entity.network_timeout = NETWORK_TIMEOUT_SECONDS
    entity.require_called_aet = True
    entity.require_calling_aet = list(listener.callers)
    entity.add_supported_context(Verification)
    return entity


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
