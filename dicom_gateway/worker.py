"""The gateway's background work, in a process of its own: list, prepare, announce.

Everything it does is driven by rows, so it may die and be started again at any moment.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from dicom_gateway import outbox
from dicom_gateway.errors import BlobUnreachable
from dicom_gateway.index import pulls
from dicom_gateway.index.indexer import index_waiting
from dicom_gateway.index.metadata import prepare_settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from dicom_gateway.announcer import Announcer
    from dicom_gateway.blobs import Blobs
    from dicom_gateway.carrier import Carrier
    from dicom_gateway.encoder import Encoder
    from dicom_gateway.puller import Puller
    from dicom_gateway.retention import Retention

log = structlog.get_logger()

INDEX_SECONDS: Final = 0.1
CALM_SECONDS: Final = 0.3
OUTBOX_SECONDS: Final = 0.5
ENCODER_SECONDS: Final = 1.0
PULLER_SECONDS: Final = 0.3
PULLERS: Final = 2
"""So that one slow archive does not hold up a study from another."""
CARRIER_SECONDS: Final = 1.0
RETENTION_SECONDS: Final = 600.0
AFTER_TROUBLE_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.5
_YIELDING: Final = frozenset({"encoder"})
"""Loops that take a processor only when nothing else of the machine wants it."""
_LAST_PRIORITY: Final = 19
LEAVE_SECONDS: Final = 3.0


@dataclass(frozen=True)
class Worker:
    """Runs the loops until ``stop`` is set."""

    engine: Engine
    store: Blobs
    announcer: Announcer
    settle_seconds: float
    stop: threading.Event
    encoder: Encoder | None = None
    puller: Puller | None = None
    carrier: Carrier | None = None
    retention: Retention | None = None

    def run(self) -> None:
        """Start all loops and wait for their end; a call that hangs is left, its row stays."""
        pulls.recover(self.engine)
        loops = [
            threading.Thread(target=self._repeat, args=(name, work, pause), name=name, daemon=True)
            for name, work, pause in (
                ("indexer", self._index, INDEX_SECONDS),
                ("outbox", self._enqueue, OUTBOX_SECONDS),
                ("announcer", self.announcer.announce, OUTBOX_SECONDS),
                ("encoder", self._encode, ENCODER_SECONDS),
                *((f"puller {n}", self._pull, PULLER_SECONDS) for n in range(PULLERS)),
                ("carrier", self._carry, CARRIER_SECONDS),
                ("retention", self._expire, RETENTION_SECONDS),
            )
        ]
        for loop in loops:
            loop.start()
        while not self.stop.wait(LOOK_SECONDS):
            pass
        for loop in loops:
            loop.join(LEAVE_SECONDS)
        self.announcer.close()

    def _index(self) -> int:
        try:
            return index_waiting(self.engine, self.store, calm_seconds=CALM_SECONDS)
        except BlobUnreachable:
            self.stop.wait(AFTER_TROUBLE_SECONDS)
            return 0

    def _encode(self) -> int:
        return self.encoder.encode_some() if self.encoder is not None else 0

    def _pull(self) -> int:
        return self.puller.pull_next() if self.puller is not None else 0

    def _carry(self) -> int:
        return self.carrier.carry_some() if self.carrier is not None else 0

    def _expire(self) -> int:
        return self.retention.expire_due() if self.retention is not None else 0

    def _enqueue(self) -> int:
        prepare_settled(self.engine, settle_seconds=self.settle_seconds)
        outbox.enqueue_settled_studies(self.engine, settle_seconds=self.settle_seconds)
        outbox.enqueue_reads(self.engine)
        return 0

    def _repeat(self, name: str, work: Callable[[], int], pause: float) -> None:
        """Work while there is work, rest when there is none. A process edge: never ends early."""
        if name in _YIELDING:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LAST_PRIORITY)
        while not self.stop.is_set():
            try:
                done = work()
            except Exception:  # edge of the worker loop
                log.exception("background work failed", loop=name)
                self.stop.wait(AFTER_TROUBLE_SECONDS)
                continue
            if not done:
                self.stop.wait(pause)
