"""Bytes of one connection that have been read but not yet used.

Read in large pieces, looked at in place; what the lean path does not take goes on to pynetdicom
from here.
"""

from __future__ import annotations

import os
import select
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

PDU_HEAD: Final = struct.Struct(">BBI")


class Inbox:
    """A window over a buffer of fixed size: ``len`` bytes wait in it."""

    def __init__(self, capacity: int) -> None:
        self._view = memoryview(bytearray(capacity))
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def fill(self, connection: socket.socket, seconds: float) -> int | None:
        """Read once what the connection has, behind what waits already; wait a moment for it.

        The connection has a timeout, or a read would wait for longer.

        Returns:
            how many bytes came; 0 when the peer has closed, ``None`` when nothing came in time.

        Raises:
            OSError, ValueError: the connection is broken or closed.
        """
        self._make_room()
        count = self._read(connection)
        if count is None and select.select([connection], [], [], seconds)[0]:
            count = self._read(connection)
        self._end += count or 0
        return count

    def _read(self, connection: socket.socket) -> int | None:
        """By the system's own call: a socket with a timeout asks before every read."""
        try:
            return os.readv(connection.fileno(), [self._view[self._end :]])
        except BlockingIOError:
            return None

    def _make_room(self) -> None:
        waiting = len(self)
        if self._start:
            self._view[:waiting] = self._view[self._start : self._end]
            self._start, self._end = 0, waiting

    def head(self) -> tuple[int, int] | None:
        """(type, length) of the PDU that waits first; ``None`` while its head is incomplete."""
        if len(self) < PDU_HEAD.size:
            return None
        kind, _, length = PDU_HEAD.unpack_from(self._view, self._start)
        return kind, length

    def look(self, offset: int, length: int) -> memoryview:
        """``length`` waiting bytes from ``offset``, in place: valid until the next fill."""
        start = self._start + offset
        return self._view[start : start + length]

    def drop(self, count: int) -> None:
        """Be done with the first ``count`` bytes."""
        self._start += count

    def drop_fragments(self, count: int, *, left: int) -> None:
        """Be done with the first ``count`` bytes of a P-DATA-TF PDU's variable field.

        ``left`` bytes of it remain, under a PDU head of their own.
        """
        kind, _ = self.head() or (0, 0)
        self.drop(count)
        PDU_HEAD.pack_into(self._view, self._start, kind, 0, left)

    def take_into(self, target: memoryview) -> int:
        """Move waiting bytes to ``target``. Returns how many there were for it."""
        count = min(len(target), len(self))
        target[:count] = self.look(0, count)
        self.drop(count)
        return count

    def clear(self) -> None:
        """Forget what waits."""
        self._start = self._end = 0
