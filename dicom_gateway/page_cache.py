"""What the system's page cache does with an object on its way to disk.

Hints and no promises: only ``fsync`` makes anything durable.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_BYTES: Final = 64 * 1024
_WRITE: Final = 2  # SYNC_FILE_RANGE_WRITE: start, and wait for nothing


def _sync_file_range() -> Callable[..., Any] | None:
    """Linux's own call (sync_file_range(2)), which Python does not offer; elsewhere ``None``."""
    found = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return found


_begin: Final = _sync_file_range()


def begin_writing(descriptor: int, offset: int, length: int) -> None:
    """Let the disk begin with these bytes, so that the sync at the end waits for less."""
    if _begin is not None and length:
        _begin(descriptor, offset, length, _WRITE)


def keep_head_only(descriptor: int) -> None:
    """Drop what is on disk by now, but for the head that listing reads next.

    Objects come by the hundred and most are looked at much later, if ever: memory stays for the
    index and for what is being looked at, and the next object finds pages free.
    """
    with suppress(OSError):
        os.posix_fadvise(descriptor, HEAD_BYTES, 0, os.POSIX_FADV_DONTNEED)
