"""How the gateway calls a peer: every association it opens as SCU is opened here.

Between two requests the reactor thread of pynetdicom 3.0.4 may be on its way past the checkpoint
that was closed again meanwhile; it then takes an answer that comes at once for a request of the
peer, and the caller waits in vain. On an association of ours only the caller takes messages.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom import AE, evt
from pynetdicom.dimse import DIMSEServiceProvider
from typing_extensions import override

from dicom_gateway.dimse.holdings import MAXIMUM_PDU_BYTES
from dicom_gateway.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
    from pynetdicom.presentation import PresentationContext
    from pynetdicom.transport import AssociationSocket

    from dicom_gateway.peers import Peer

CONNECT_SECONDS: Final = 10
ANSWER_SECONDS: Final = 60


class CallersProvider(DIMSEServiceProvider):
    """Leaves what the peer says to the thread that waits for it."""

    @override
    def get_msg(self, block: bool = False) -> Any:
        """The next message for whoever waits; the reactor, which does not wait, gets none."""
        return super().get_msg(block=True) if block else (None, None)


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
        association = self.reach(peer, contexts, roles)
        return association if association.is_established else None

    def reach(
        self,
        peer: Peer,
        contexts: list[PresentationContext],
        roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    ) -> Association:
        """The association as far as it came: established, rejected, or not even begun."""
        secure = (self.tls, peer.host) if peer.tls and self.tls is not None else None
        association = self._entity().associate(
            peer.host,
            peer.port,
            contexts,
            peer.ae_title,
            ext_neg=list(roles),
            tls_args=secure,
            evt_handlers=[(evt.EVT_CONN_OPEN, _on_open)],
        )
        if association.is_established:
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


def _on_open(event: evt.Event) -> None:
    """Before anything is asked, so that the reactor has never looked at another provider."""
    event.assoc.dimse = CallersProvider(event.assoc)
