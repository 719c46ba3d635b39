"""Carries what has arrived into the bucket, behind its acknowledgement, and makes room again.

All it needs to know is on disk (see ``tiered``), so it may die at any moment: an upload that was
not confirmed is made again, under the same name and with the same bytes.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import structlog

from dicom_gateway import clock
from dicom_gateway.backlog import files_below, is_confirmed, waiting
from dicom_gateway.bucket import MOST_REMOVED_AT_ONCE
from dicom_gateway.errors import BlobUnreachable, GatewayError
from dicom_gateway.tiered import AREA, HANDED_OUT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from dicom_gateway.tiered import TieredStore

log = structlog.get_logger()

BATCH: Final = 64
AT_ONCE: Final = 4
SETTLED_SECONDS: Final = 60.0
"""After this a confirmed object has only its name in the cache: whoever was told the first one has
opened it by then."""
FIRST_PAUSE_SECONDS: Final = 2.0
LONGEST_PAUSE_SECONDS: Final = 60.0
TIDY_SECONDS: Final = 30.0
KEPT_SHARE: Final = 0.9


@dataclass
class Carrier:
    """One a gateway: uploads first, then removals, then room."""

    store: TieredStore
    copies: Path
    cache_bytes: int
    reserve_bytes: int = 0
    settled_seconds: float = SETTLED_SECONDS
    unused_seconds: float = 2 * HANDED_OUT_SECONDS
    _is_fresh: bool = True
    _pause: float = 0.0
    _not_before: float = 0.0
    _tidied_at: float | None = None
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "carrier")
    )

    def carry_some(self) -> int:
        """Take up what waits. Returns how many objects the bucket has confirmed or forgotten."""
        if clock.monotonic() < self._not_before:
            return 0
        done, failure = 0, None
        try:
            done, failure = self._upload()
            if failure is None:
                done += self._forget()
                self._clear_remains()
        except (GatewayError, OSError) as error:
            failure = error
        self._note(done, failure)
        self._tidy()
        return done

    def _clear_remains(self) -> None:
        """What a killed process has left half uploaded; a key that may not is no hindrance."""
        if not self._is_fresh:
            return
        self._is_fresh = False
        try:
            dropped = self.store.bucket.abandon_uploads()
        except BlobUnreachable as error:
            log.warning("half uploads cannot be dropped", code=error.code, reason=str(error))
        else:
            log.info("bucket is used", half_uploads_dropped=dropped)

    def _upload(self) -> tuple[int, Exception | None]:
        names = list(islice(waiting(self.store.var), BATCH))
        done, failure = 0, None
        for one in [self._threads.submit(self._carry, name) for name in names]:
            trouble = one.exception()
            done += trouble is None
            if isinstance(trouble, GatewayError | OSError):
                failure = trouble
            elif trouble is not None:
                raise trouble
        return done, failure

    def _carry(self, name: str) -> None:
        """Upload one object; its second name says that the bucket has it."""
        spooled, cached = self.store.spool / name, self.store.cache / name
        try:
            self.store.bucket.put(AREA + name, spooled)
            cached.parent.mkdir(parents=True, exist_ok=True)
            cached.unlink(missing_ok=True)
            os.utime(spooled)
            os.link(spooled, cached)
        except FileNotFoundError:
            self.store.bucket.remove([AREA + name])

    def _forget(self) -> int:
        folder = self.store.leaving
        marks = list(islice(folder.rglob("*.dcm"), MOST_REMOVED_AT_ONCE))
        if not marks:
            return 0
        names = [str(mark.relative_to(folder)) for mark in marks]
        self.store.bucket.remove([AREA + name for name in names])
        for mark, name in zip(marks, names, strict=True):
            (self.store.cache / name).unlink(missing_ok=True)
            _unlink(mark, folder)
        return len(marks)

    def _note(self, done: int, failure: Exception | None) -> None:
        """Say once that the bucket is away, and once that it is back; wait longer and longer."""
        if failure is None:
            if self._pause:
                log.info("bucket is back")
            self._pause = 0.0
            return
        if not self._pause:
            code = getattr(failure, "code", type(failure).__name__)
            log.warning("bucket is away", code=code, reason=_reason(failure))
        self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause or FIRST_PAUSE_SECONDS)
        if done:
            self._pause = FIRST_PAUSE_SECONDS
        self._not_before = clock.monotonic() + self._pause

    def _tidy(self) -> None:
        at = clock.monotonic()
        if self._tidied_at is not None and at < self._tidied_at + TIDY_SECONDS:
            return
        self._tidied_at = at
        now = clock.now().timestamp()
        for path, state in files_below(self.store.spool):
            is_settled = now - state.st_ctime >= self.settled_seconds
            if is_settled and is_confirmed(self.store.var, path, state):
                _unlink(path, self.store.spool)
        self._make_room(now)

    def _make_room(self, now: float) -> None:
        """What was not used for longest goes first, until the rest is a tenth below the limit."""
        found = [
            (state.st_mtime, state.st_size, path, folder)
            for folder in (self.store.cache, self.copies)
            for path, state in files_below(folder)
        ]
        total = sum(size for _, size, _, _ in found)
        volume = os.statvfs(self.store.cache)
        free = volume.f_bavail * volume.f_frsize
        limit = max(0, min(self.cache_bytes, total + free - 2 * self.reserve_bytes))
        if total <= limit:
            return
        for used_at, size, path, folder in sorted(found):
            if total <= limit * KEPT_SHARE or now - used_at < self.unused_seconds:
                break
            _unlink(path, folder)
            total -= size


def _unlink(path: Path, root: Path) -> None:
    """Remove a file and the folders it leaves empty."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        for folder in path.parents:
            if folder == root:
                return
            folder.rmdir()


def _reason(failure: Exception) -> str:
    return str(failure) if isinstance(failure, GatewayError) else "this machine's disk refused"
