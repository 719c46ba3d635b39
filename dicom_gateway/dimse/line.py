"""The socket of one association: it waits instead of polling, reads in large pieces, and sends one
PDU after another. Built on pynetdicom 3.0.4."""

from __future__ import annotations

import select
import ssl
import threading
import time
from typing import TYPE_CHECKING, Final, cast

from pynetdicom.transport import AssociationSocket
from typing_extensions import override

from dicom_gateway.dimse.holdings import MAXIMUM_PDU_BYTES

if TYPE_CHECKING:
    import socket

    from dicom_gateway.dimse.lean import LeanPath

LONGEST_READ: Final = MAXIMUM_PDU_BYTES + 64 * 1024
_WAIT_SECONDS: Final = 0.01
_PAUSE_SECONDS: Final = 0.001


class PatientSocket(AssociationSocket):
    """Waits for data instead of asking every millisecond, and reads a PDU in large pieces.

    With a lean path, objects are served from here; pynetdicom reads what that path left.
    """

    lean: LeanPath | None = None
    turn: threading.Lock

    @override
    def send(self, bytestream: bytes) -> None:
        """One PDU after another: a report may be sent beside the reader's own answers."""
        with self.turn:
            super().send(bytestream)

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
        if nr_bytes > LONGEST_READ:
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


def adopt(plain: AssociationSocket) -> PatientSocket:
    """The same connection under our reading manners, without announcing it a second time."""
    patient = PatientSocket.__new__(PatientSocket)
    patient.__dict__.update(plain.__dict__)
    patient.turn = threading.Lock()
    return patient
