"""C-STORE as an SCU, object by object, each in its own transfer syntax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom import Dataset
    from pynetdicom.association import Association

CALLING_AE_TITLE: Final = "SIM_MODALITY"
_SUCCESS: Final = 0x0000


@dataclass(frozen=True)
class Peer:
    """A storage SCP."""

    ae_title: str
    host: str
    port: int


class NotAccepted(Exception):
    """The peer refused the association or an object. ``status`` is its C-STORE status, or 0."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


def answers(peer: Peer, calling: str = CALLING_AE_TITLE) -> bool:
    """Whether the peer answers C-ECHO."""
    entity = AE(ae_title=calling)
    entity.connection_timeout = 2
    association = entity.associate(
        peer.host, peer.port, [build_context(Verification)], ae_title=peer.ae_title
    )
    if not association.is_established:
        return False
    try:
        return bool(association.send_c_echo().get("Status") == _SUCCESS)
    finally:
        association.release()


def send_all(peer: Peer, data_sets: Iterable[Dataset], calling: str = CALLING_AE_TITLE) -> int:
    """Send every object, keeping one association for each kind of object.

    Returns:
        how many objects the peer has acknowledged.

    Raises:
        NotAccepted: the peer refused.
    """
    associations: dict[tuple[UID, UID], Association] = {}
    sent = 0
    try:
        for data_set in data_sets:
            kind = (UID(data_set.SOPClassUID), UID(data_set.file_meta.TransferSyntaxUID))
            if kind not in associations:
                associations[kind] = _associate(peer, kind, calling)
            status = associations[kind].send_c_store(data_set).get("Status")
            if status != _SUCCESS:
                raise NotAccepted("object was not stored", status or 0)
            sent += 1
    finally:
        for association in associations.values():
            association.release()
    return sent


def _associate(peer: Peer, kind: tuple[UID, UID], calling: str) -> Association:
    entity = AE(ae_title=calling)
    entity.connection_timeout = 5
    association = entity.associate(
        peer.host, peer.port, [build_context(*kind)], ae_title=peer.ae_title
    )
    if not association.is_established:
        raise NotAccepted(f"{peer.ae_title} at {peer.host}:{peer.port} refused the association")
    keep_answers(association)
    return association


def keep_answers(association: Association) -> None:
    """Let an SCU lose no answer that comes at once.

    Between two requests pynetdicom 3.0.4's second thread may be on its way past the checkpoint that
    was closed again meanwhile; it then takes the next answer as if it were a request.
    """

    def give_back(message: Any, context_id: int) -> None:
        association.dimse.msg_queue.put((context_id, message))

    vars(association)["_serve_request"] = give_back
