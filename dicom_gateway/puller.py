"""Fetches the studies that were asked for, one after another, peer by peer.

Driven by rows (``index/pulls.py``); a killed process goes on where it was, and what came twice is
kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from dicom_gateway import clock
from dicom_gateway.dimse.fetch import Fetcher, Watch
from dicom_gateway.errors import PullFailed, PullReason
from dicom_gateway.index import pulls

if TYPE_CHECKING:
    import threading

    from sqlalchemy import Engine

    from dicom_gateway.dimse.inquiry import Found
    from dicom_gateway.index.pulls import Standing
    from dicom_gateway.peers import Peer

log = structlog.get_logger()

PROGRESS_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Puller:
    """Takes up pulls; several threads may."""

    engine: Engine
    fetcher: Fetcher
    sources: tuple[Peer, ...]
    stop: threading.Event

    def pull_next(self) -> int:
        """Fetch the study that has waited longest. Returns 0 when none waits."""
        pulls.finish_listed(self.engine)
        one = pulls.claim(self.engine)
        if one is None:
            return 0
        try:
            self._pull(one)
        except PullFailed as error:
            log.warning("prior not fetched", code=error.reason.value)
            self._give_back(one, error.reason)
        except BaseException:
            self._give_back(one, PullReason.TROUBLE)
            raise
        return 1

    def _give_back(self, one: Standing, reason: PullReason) -> None:
        """A process that is told to stop leaves the row as it is: the next one takes it up."""
        if not self.stop.is_set():
            pulls.postpone(self.engine, one, reason)

    def _pull(self, one: Standing) -> None:
        asked = [row for row in self.sources if one.source in {"", row.ae_title}]
        if not asked:
            raise PullFailed(PullReason.NOT_CONFIGURED)
        failure: PullFailed | None = None
        for peer in asked:
            try:
                if self._pull_from(peer, one):
                    return
            except PullFailed as error:
                failure = error
        if failure is not None:
            raise failure
        pulls.note_absent(self.engine, one.study)
        log.info("no peer has the study that was asked for", peers=len(asked))

    def _pull_from(self, peer: Peer, one: Standing) -> bool:
        """Whether the study came from this peer; ``False`` when it has none.

        Raises:
            PullFailed: it has the study or may have it, and it did not come whole.
        """
        found = self.fetcher.find(peer, one.study)
        if found is None:
            return False
        pulls.note_progress(
            self.engine, one.study, arrived=self._here(one.study), expected=found.expected
        )
        self._fetch(peer, one, found)
        arrived = self._here(one.study)
        if not arrived:
            raise PullFailed(PullReason.NOTHING_CAME)
        pulls.note_arrived(self.engine, one.study, arrived=arrived)
        log.info("study fetched", peer=peer.ae_title, objects=arrived)
        return True

    def _fetch(self, peer: Peer, one: Standing, found: Found) -> None:
        """Where the peer named its objects, these decide whether all is here; its word otherwise.

        Raises:
            PullFailed: as above.
        """
        told = Progress(self.engine, one.study, found.expected)
        watch = Watch(partial(self._here, one.study), told, self.stop, one.attempts)
        try:
            self.fetcher.fetch(peer, one.study, found, watch)
        except PullFailed as error:
            is_whole = found.instances and not pulls.missing(self.engine, found.instances)
            if error.reason is not PullReason.INCOMPLETE or not is_whole:
                raise
        if pulls.missing(self.engine, found.instances):
            raise PullFailed(PullReason.INCOMPLETE)

    def _here(self, study: str) -> int:
        return pulls.objects_here(self.engine, study)


@dataclass
class Progress:
    """Writes down how far a pull is, now and then."""

    engine: Engine
    study: str
    expected: int
    _next: float = 0.0

    def __call__(self, arrived: int, expected: int) -> None:
        """``expected`` 0 leaves the number that was told before."""
        self.expected = expected or self.expected
        if clock.monotonic() < self._next:
            return
        self._next = clock.monotonic() + PROGRESS_SECONDS
        pulls.note_progress(self.engine, self.study, arrived=arrived, expected=self.expected)
