"""The gateway as storage and verification SCP (PS3.4 Annexes A and B)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import structlog
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_gateway.dimse import status
from dicom_gateway.dimse.reception import (
    MAXIMUM_PDU_BYTES,
    DiskDataSet,
    DiskProvider,
    TunedServer,
)
from dicom_gateway.errors import GatewayError, Mismatch, NotDicom, OutOfResources
from dicom_gateway.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.dimse_primitives import C_STORE

    from dicom_gateway.ingest import Ingest

log = structlog.get_logger()

MAXIMUM_ASSOCIATIONS: Final = 48
NETWORK_TIMEOUT_SECONDS: Final = 60
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


def start_scp(listener: Listener, ingest: Ingest) -> tuple[TunedServer, Callable[[], None]]:
    """Bind and return the server (not yet serving) and a function that ends its associations.

    Every storage class, private ones too, is taken in the first transfer syntax the sender offers.

    Raises:
        OSError: the port is taken.
    """
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    entity = AE(ae_title=listener.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.maximum_pdu_size = MAXIMUM_PDU_BYTES
    entity.maximum_associations = MAXIMUM_ASSOCIATIONS
    entity.network_timeout = NETWORK_TIMEOUT_SECONDS
    entity.require_called_aet = True
    entity.require_calling_aet = list(listener.callers)
    entity.add_supported_context(Verification)
    server = cast(
        "TunedServer",
        entity.make_server(
            (listener.host, listener.port),
            evt_handlers=[
                (evt.EVT_C_STORE, _on_store, [ingest]),
                (evt.EVT_CONN_CLOSE, _on_close),
                (evt.EVT_REJECTED, _on_rejected),
            ],
            server_class=TunedServer,
        ),
    )
    server.ingest = ingest
    return server, entity.shutdown


def _on_store(event: evt.Event, ingest: Ingest) -> int:
    """Answer one C-STORE. A process edge: nothing may escape into the association."""
    data_set = cast("C_STORE", event.request).DataSet
    if not isinstance(data_set, DiskDataSet) or data_set.arrival is None or data_set.claim is None:
        return status.CANNOT_UNDERSTAND
    try:
        ingest.admit(data_set.arrival, data_set.claim)
    except GatewayError as error:
        log.warning("object refused", code=error.code, reason=str(error))
        return _status_of(error)
    except Exception:  # edge of the DIMSE handler
        log.exception("object not stored")
        return status.OUT_OF_RESOURCES
    finally:
        data_set.arrival.discard()
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
