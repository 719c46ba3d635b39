"""A study from a peer, the gateway as SCU: C-FIND, then C-MOVE to itself or C-GET (PS3.4 C.4).

Objects of a C-MOVE come to the gateway's own listener; those of a C-GET over this association, and
from there the one way in. A peer may be silent while it works: what counts is that objects come.
"""

from __future__ import annotations

import queue
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import structlog
from pynetdicom import StoragePresentationContexts
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context, build_role

from dicom_gateway import clock
from dicom_gateway.dimse import inquiry, scp, status
from dicom_gateway.dimse.calling import CallersProvider
from dicom_gateway.dimse.find import STUDY_ROOT
from dicom_gateway.dimse.inquiry import PENDING, question
from dicom_gateway.dimse.reception import DiskProvider
from dicom_gateway.dimse.retrieve import MOST_CONTEXTS, STUDY_ROOT_GET, STUDY_ROOT_MOVE
from dicom_gateway.dimse.transfer import alone, is_open, send_message
from dicom_gateway.errors import PullFailed, PullReason, TransferFailed
from dicom_gateway.peers import Pull, Right

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from pydicom.uid import UID
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from dicom_gateway.dimse.calling import Caller
    from dicom_gateway.dimse.inquiry import Found
    from dicom_gateway.ingest import Ingest
    from dicom_gateway.peers import Peer

log = structlog.get_logger()

SILENCE_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.5
UNCOMPRESSED: Final = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_REASON_OF: Final = {
    status.DESTINATION_UNKNOWN: PullReason.GATEWAY_UNKNOWN,
    status.SOME_FAILED: PullReason.INCOMPLETE,
    status.SUBOPERATIONS_IMPOSSIBLE: PullReason.INCOMPLETE,
}


@dataclass(frozen=True)
class Watch:
    """What a long retrieve looks at: objects that are here, whether to end, whom it tells, and how
    often it was tried."""

    arrived: Callable[[], int]
    told: Callable[[int, int], None]
    stop: threading.Event
    attempt: int = 1


class _IncomingProvider(CallersProvider, DiskProvider):
    """Objects of a C-GET go to disk, its answers to who asked."""


@dataclass(frozen=True)
class Fetcher:
    """Asks peers for studies."""

    caller: Caller
    ingest: Ingest
    silence_seconds: float = SILENCE_SECONDS

    def find(self, peer: Peer, study: str) -> Found | None:
        """What the peer has of this study; ``None`` when it answers that it has nothing.

        Raises:
            PullFailed: it could not be asked.
        """
        with self._line(peer, [STUDY_ROOT]) as line:
            return inquiry.ask(line, study, with_objects=peer.pull is Pull.GET)

    def fetch(self, peer: Peer, study: str, found: Found, watch: Watch) -> None:
        """Bring every object of the study here; returns when the peer says that all are sent.

        Raises:
            PullFailed: some are not, or the peer is gone, refuses or falls silent.
        """
        if peer.pull is Pull.GET:
            self._get(peer, study, found, watch)
            return
        request = C_MOVE()
        request.AffectedSOPClassUID = STUDY_ROOT_MOVE
        request.MoveDestination = self.caller.ae_title
        with self._line(peer, [STUDY_ROOT, STUDY_ROOT_MOVE]) as line:
            _retrieve(line, request, study, self._responses(line, watch), watch)

    def _get(self, peer: Peer, study: str, found: Found, watch: Watch) -> None:
        request = C_GET()
        request.AffectedSOPClassUID = STUDY_ROOT_GET
        offered = storage_contexts(found.sop_classes, apart=watch.attempt % 2 == 1)
        with self._line(peer, [STUDY_ROOT, STUDY_ROOT_GET], offered) as line:
            self._take_in_from(line)
            _retrieve(line, request, study, self._responses(line, watch), watch)

    def _take_in_from(self, line: Association) -> None:
        """Objects of this association go the way of every object that comes in."""
        provider = _IncomingProvider(line, self.ingest, partial(scp.store, self.ingest))
        provider.rights = frozenset({Right.STORE})
        line.dimse = provider

    def _responses(self, line: Association, watch: Watch) -> Iterator[Any]:
        """Answers as they come; silence counts only while no object comes either."""
        before, since = watch.arrived(), clock.monotonic()
        while True:
            answer = _next(line)
            if answer is not None:
                since = clock.monotonic()
                yield answer
                continue
            now = watch.arrived()
            if now != before:
                before, since = now, clock.monotonic()
                watch.told(now, 0)
            if watch.stop.is_set() or clock.monotonic() - since > self.silence_seconds:
                line.abort()
                raise PullFailed(PullReason.SILENT)

    @contextmanager
    def _line(
        self, peer: Peer, models: Sequence[UID], taken: Sequence[PresentationContext] = ()
    ) -> Iterator[Association]:
        """An association that is ended whatever happens. A retrieve proposes FIND too: there are
        archives that demand it. ``taken`` are the contexts over which objects may come."""
        classes = dict.fromkeys(str(one.abstract_syntax) for one in taken)
        roles = [build_role(uid, scp_role=True) for uid in classes]
        contexts = [*(build_context(model) for model in models), *taken]
        line = self.caller.call(peer, contexts, roles=roles)
        if line is None:
            raise PullFailed(PullReason.AWAY)
        try:
            yield line
        except TransferFailed as error:
            raise PullFailed(PullReason.BROKEN) from error
        finally:
            if is_open(line):
                line.release()
            else:
                line.abort()


def storage_contexts(sop_classes: Sequence[str], *, apart: bool) -> list[PresentationContext]:
    """What may come over a C-GET. A peer that names no classes gets the standard's.

    ``apart``: each class uncompressed, and in as many compressed transfer syntaxes of their own as
    there is room for, so that every object can come as it is stored. There are archives that use
    the first context of a class and no other: for them all syntaxes stand in one context.
    """
    room = MOST_CONTEXTS - 2
    known = [str(one.abstract_syntax) for one in StoragePresentationContexts]
    classes = list(sop_classes or known)[:room]
    compressed = [uid for uid in map(str, ALL_TRANSFER_SYNTAXES) if uid not in UNCOMPRESSED]
    if not apart:
        return [build_context(uid, [*compressed, *UNCOMPRESSED]) for uid in classes]
    first = [build_context(uid, UNCOMPRESSED) for uid in classes]
    others = [build_context(uid, syntax) for syntax in compressed for uid in classes]
    return [*first, *others[: room - len(first)]]


def _retrieve(
    line: Association, request: Any, study: str, responses: Iterator[Any], watch: Watch
) -> None:
    """Ask for the study and hear the peer out.

    Raises:
        PullFailed: as :meth:`Fetcher.fetch`.
    """
    context = _accepted(line, request.AffectedSOPClassUID)
    syntax = context.transfer_syntax[0]
    asked = question("STUDY", study)
    encoded = encode(asked, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    request.MessageID, request.Priority = 1, 0
    request.Identifier = BytesIO(encoded or b"")
    with alone(line):
        send_message(line, request, context.context_id or 0)
        for answer in responses:
            if answer.Status not in PENDING:
                _require_all_sent(answer)
                return
            watch.told(watch.arrived(), _whole(answer))


def _accepted(line: Association, model: str) -> PresentationContext:
    for context in line.accepted_contexts:
        if context.abstract_syntax == model:
            return context
    raise PullFailed(PullReason.REFUSED)


def _next(line: Association) -> Any:
    """The next answer of the retrieve, or ``None`` when none came for a moment."""
    try:
        _, message = line.dimse.msg_queue.get(timeout=LOOK_SECONDS)
    except queue.Empty:
        if not is_open(line):
            raise PullFailed(PullReason.BROKEN) from None
        return None
    if not isinstance(message, C_GET | C_MOVE) or not message.is_valid_response:
        raise PullFailed(PullReason.BROKEN)
    return message


def _whole(answer: Any) -> int:
    """Of how many objects a pending answer speaks; 0 when it does not."""
    parts = (
        answer.NumberOfRemainingSuboperations,
        answer.NumberOfCompletedSuboperations,
        answer.NumberOfFailedSuboperations,
        answer.NumberOfWarningSuboperations,
    )
    return 0 if parts[0] is None else sum(part or 0 for part in parts)


def _require_all_sent(answer: Any) -> None:
    if answer.Status == status.SUCCESS and not answer.NumberOfFailedSuboperations:
        return
    if answer.Status == status.SUCCESS:
        raise PullFailed(PullReason.INCOMPLETE)
    is_warned = answer.Status == status.SOME_FAILED and not answer.NumberOfFailedSuboperations
    if is_warned and answer.NumberOfWarningSuboperations:
        return
    raise PullFailed(_REASON_OF.get(answer.Status, PullReason.REFUSED))
