"""What is stored here, and how the gateway calls a peer."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from pynetdicom import AE

from dicom_gateway.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
    from pynetdicom.presentation import PresentationContext
    from pynetdicom.transport import AssociationSocket
    from sqlalchemy import Engine

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.peers import Peer

MAXIMUM_PDU_BYTES: Final = 256 * 1024
CONNECT_SECONDS: Final = 10
ANSWER_SECONDS: Final = 60


@dataclass(frozen=True)
class Caller:
    """Opens associations as this gateway. ``tls`` is for peers that demand it."""

    ae_title: str
    tls: ssl.SSLContext | None = None

    def call(
        self,
        peer: Peer,
        contexts: list[PresentationContext],
        roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    ) -> Association | None:
        """An established association, or ``None`` when the peer does not accept one."""
        if peer.tls and self.tls is None:
            return None
        secure = (self.tls, peer.host) if peer.tls and self.tls is not None else None
        association = self._entity().associate(
            peer.host, peer.port, contexts, peer.ae_title, ext_neg=list(roles), tls_args=secure
        )
        if not association.is_established:
            return None
        line = cast("AssociationSocket", association.dul.socket).socket
        cast("socket.socket", line).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return association

    def _entity(self) -> AE:
        entity = AE(ae_title=self.ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.maximum_pdu_size = MAXIMUM_PDU_BYTES
        entity.connection_timeout = CONNECT_SECONDS
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = ANSWER_SECONDS
        return entity


@dataclass(frozen=True)
class Holdings:
    """What is stored here: the only thing a peer reaches."""

    engine: Engine
    store: Blobs
    caller: Caller = field(default_factory=lambda: Caller("TSUNAGU"))
