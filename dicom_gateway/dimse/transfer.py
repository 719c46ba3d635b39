"""Stored objects over an association, byte for byte and never decoded (PS3.7 §9.1.1, PS3.8 §9.3.5).

Messages of a sending thread go straight to the socket, so that neither its turn in pynetdicom's
queue nor the size of an object matters. Over TLS they take pynetdicom's queue: one thread alone may
use such a socket.
"""

from __future__ import annotations

import ssl
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom.dimse import _RQ_TO_MESSAGE, _RSP_TO_MESSAGE
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA

from dicom_gateway.errors import BlobMissing, TransferFailed
from dicom_gateway.ingest import data_set_start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.association import Association
    from pynetdicom.transport import AssociationSocket

    from dicom_gateway.index.retrieval import StoredFile

LARGEST_FRAGMENT: Final = 128 * 1024
_VALUE_HEAD: Final = 6
_LAST: Final = 0x02
_ESTABLISHED: Final = "Sta6"
_MOST_QUEUED: Final = 8
_PAUSE_SECONDS: Final = 0.001
_DATA_SET_FOLLOWS: Final = 0x0001
_HEAD_BYTES: Final = 144


@dataclass(frozen=True)
class Originator:
    """Who asked for a C-MOVE, told in its C-STORE sub-operations."""

    ae_title: str
    message_id: int


def is_open(association: Association) -> bool:
    """Whether messages can be sent."""
    return bool(association.dul.state_machine.current_state == _ESTABLISHED)


def send_file(
    association: Association,
    stored: StoredFile,
    path: Path,
    message_id: int,
    originator: Originator | None = None,
) -> int:
    """C-STORE one stored object as it is. Returns the status of the answer.

    Raises:
        TransferFailed: no accepted context of this class and transfer syntax, or no answer.
        BlobMissing: its file is not there.
    """
    context_id = _context_of(association, stored)
    request = C_STORE()
    request.MessageID, request.Priority = message_id, 0
    request.AffectedSOPClassUID = stored.sop_class_uid
    request.AffectedSOPInstanceUID = stored.sop_instance_uid
    if originator is not None:
        request.MoveOriginatorApplicationEntityTitle = originator.ae_title
        request.MoveOriginatorMessageID = originator.message_id
    try:
        with path.open("rb") as file, alone(association):
            file.seek(data_set_start(file.read(_HEAD_BYTES)))
            send_message(association, request, context_id, data_set_follows=True)
            for piece, is_last in _pieces(file, _fragment_bytes(association)):
                _send(association, context_id, (_LAST if is_last else 0), piece)
            return _answer(association)
    except FileNotFoundError as error:
        raise BlobMissing("stored object is not there") from error


def _context_of(association: Association, stored: StoredFile) -> int:
    for context in association.accepted_contexts:
        is_same = (
            context.abstract_syntax == stored.sop_class_uid
            and context.transfer_syntax[0] == stored.transfer_syntax_uid
        )
        if is_same and context.as_scu:
            return cast("int", context.context_id)
    raise TransferFailed("the peer does not take this class in the stored transfer syntax")


def _answer(association: Association) -> int:
    _, response = association.dimse.get_msg(block=True)
    if response is None or not isinstance(response, C_STORE) or not is_open(association):
        raise TransferFailed("the peer gave no answer")
    return cast("int", response.Status)


@contextmanager
def alone(association: Association) -> Iterator[None]:
    """The answer must not be taken by pynetdicom's own loop of messages."""
    association._reactor_checkpoint.clear()
    try:
        while not association._is_paused:
            time.sleep(_PAUSE_SECONDS)
        yield
    finally:
        association._reactor_checkpoint.set()


def _pieces(file: Any, size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of what remains, and whether each is the last; one empty piece of an empty rest."""
    piece = file.read(size)
    while True:
        following = file.read(size)
        yield piece, not following
        if not following:
            return
        piece = following


def _fragment_bytes(association: Association) -> int:
    longest: int = association.dimse.maximum_pdu_size
    whole = min(longest, LARGEST_FRAGMENT) if longest else LARGEST_FRAGMENT
    return (whole - _VALUE_HEAD) & ~1


def send_message(
    association: Association, primitive: Any, context_id: int, *, data_set_follows: bool = False
) -> None:
    """A whole message, or only its command when the caller sends the data set."""
    is_request = primitive.MessageIDBeingRespondedTo is None
    kinds: Any = _RQ_TO_MESSAGE if is_request else _RSP_TO_MESSAGE
    message = kinds[type(primitive)]()
    message.primitive_to_message(primitive)
    if data_set_follows:
        message.command_set.CommandDataSetType = _DATA_SET_FOLLOWS
    for data in message.encode_msg(context_id, association.dimse.maximum_pdu_size):
        _hand_over(association, data)


def _send(association: Association, context_id: int, control: int, piece: bytes) -> None:
    """One fragment of a data set as a P-DATA-TF PDU of its own."""
    if _is_secure(association):
        data = P_DATA()
        data.presentation_data_value_list.append((context_id, bytes((control,)) + piece))
        _hand_over(association, data)
        return
    value = struct.pack(">IBB", len(piece) + 2, context_id, control)
    head = struct.pack(">BBI", 4, 0, len(value) + len(piece))
    _line(association).send(head + value + piece)
    _require_open(association)


def _hand_over(association: Association, data: P_DATA) -> None:
    _require_open(association)
    if not _is_secure(association):
        pdu = P_DATA_TF()
        pdu.from_primitive(data)
        _line(association).send(pdu.encode())
        return
    while association.dul.to_provider_queue.qsize() >= _MOST_QUEUED and is_open(association):
        time.sleep(_PAUSE_SECONDS)
    association.dul.send_pdu(data)


def _require_open(association: Association) -> None:
    if not is_open(association):
        raise TransferFailed("the association is over")


def _line(association: Association) -> AssociationSocket:
    return cast("AssociationSocket", association.dul.socket)


def _is_secure(association: Association) -> bool:
    return isinstance(_line(association).socket, ssl.SSLSocket)
