"""The DIMSE links that ``tsunagu-gateway check`` proves: to this gateway itself and to its peers.

A link returns what it saw or raises :class:`CheckFailed` with what to do. Peers are proved in turn;
those that fail are all named.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    SecondaryCaptureImageStorage,
    Verification,
)

from dicom_gateway.addresses import near
from dicom_gateway.assembly import build_caller
from dicom_gateway.dimse import inquiry
from dicom_gateway.dimse.calling import Caller
from dicom_gateway.dimse.find import STUDY_ROOT
from dicom_gateway.dimse.retrieve import STUDY_ROOT_GET, STUDY_ROOT_MOVE
from dicom_gateway.dimse.transfer import is_open
from dicom_gateway.errors import CheckFailed, Misconfigured, PullFailed, PullReason
from dicom_gateway.peers import Peer, Pull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from dicom_gateway.links import Bench

_RETRIEVES: Final = {Pull.MOVE: ("C-MOVE", STUDY_ROOT_MOVE), Pull.GET: ("C-GET", STUDY_ROOT_GET)}


def echo(bench: Bench) -> str:
    """Our own SCP answers C-ECHO."""
    own = _ourselves(bench)
    _echo(Caller(bench.calling), own)
    return f"{own.ae_title} answers C-ECHO at port {own.port}"


def store(bench: Bench) -> str:
    """Our own SCP keeps a synthetic object."""
    contexts = [build_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)]
    own = _ourselves(bench)
    with _line(Caller(bench.calling), own, contexts) as line:
        code = _status(own, lambda: line.send_c_store(bench.sent))
    if code:
        raise CheckFailed(f"C-STORE was answered with 0x{code:04X}: see the log")
    return "a synthetic object was stored"


def peers(bench: Bench) -> str:
    """Every peer that listens answers C-ECHO."""
    tried, count = _tried(bench, (row for row in bench.settings.peer if row.port))
    _at_each(bench, tried, _echo)
    return f"{len(tried)} answer C-ECHO{_not_tried(count - len(tried))}"


def archives(bench: Bench) -> str:
    """Every peer that studies are fetched from answers a search, and offers the retrieve."""
    sources = bench.settings.peers.sources
    if not sources:
        return "no peer is set to be asked for studies that are not here (pull)"
    tried, count = _tried(bench, sources)
    _at_each(bench, tried, _search)
    return f"{len(tried)} answer C-FIND{_not_tried(count - len(tried))}"


def _tried(bench: Bench, rows: Iterable[Peer]) -> tuple[list[Peer], int]:
    """Those that can be called, and how many there are: TLS needs our own certificate."""
    known = list(rows)
    return [row for row in known if not row.tls or bench.settings.dicom_tls_port], len(known)


def _not_tried(count: int) -> str:
    return f", {count} behind TLS not tried: set dicom_tls_port" if count else ""


def _at_each(bench: Bench, rows: list[Peer], prove: Callable[[Caller, Peer], None]) -> None:
    try:
        caller = build_caller(bench.settings)
    except Misconfigured as error:
        raise CheckFailed(str(error)) from error
    failed = []
    for row in rows:
        try:
            prove(caller, row)
        except CheckFailed as error:
            failed.append(str(error))
    if failed:
        raise CheckFailed("; ".join(failed))


def _echo(caller: Caller, peer: Peer) -> None:
    with _line(caller, peer, []) as line:
        code = _status(peer, line.send_c_echo)
    if code:
        raise CheckFailed(f"{peer.ae_title} answers C-ECHO with 0x{code:04X}: see its log")


def _search(caller: Caller, peer: Peer) -> None:
    """A query on study root for a study that cannot exist, with all that a fetch will need."""
    name, model = _RETRIEVES[peer.pull]
    with _line(caller, peer, [build_context(STUDY_ROOT), build_context(model)]) as line:
        taken = {context.abstract_syntax for context in line.accepted_contexts}
        rights = f"allow it there for {caller.ae_title}"
        if STUDY_ROOT not in taken:
            raise CheckFailed(f"{peer.ae_title} offers no C-FIND: {rights}")
        try:
            found = inquiry.ask(line, generate_uid(prefix=None), with_objects=False)
        except PullFailed as error:
            raise CheckFailed(_refusal(peer, error, rights)) from error
        if found is not None:
            raise CheckFailed(f"{peer.ae_title} finds a study that cannot exist: do not pull there")
        if model not in taken:
            raise CheckFailed(f"{peer.ae_title} answers C-FIND, but offers no {name}: {rights}")


def _refusal(peer: Peer, error: PullFailed, rights: str) -> str:
    if error.reason is PullReason.BROKEN:
        return f"{peer.ae_title} breaks off at C-FIND: see its log"
    code = "" if error.status is None else f" with 0x{error.status:04X}"
    return f"{peer.ae_title} refuses C-FIND{code}: {rights}"


def _ourselves(bench: Bench) -> Peer:
    settings = bench.settings
    return Peer(settings.ae_title, near(settings.dicom_host), settings.dicom_port)


@contextmanager
def _line(caller: Caller, peer: Peer, contexts: list[PresentationContext]) -> Iterator[Association]:
    """An association over which C-ECHO, too, can be asked, so that a refused service is named."""
    line = caller.reach(peer, [build_context(Verification), *contexts])
    if not line.is_established:
        way = "refuses us" if line.is_rejected else "does not answer"
        where = f"{peer.host} port {peer.port}"
        raise CheckFailed(f"{peer.ae_title} {way} at {where}: is it running?")
    try:
        yield line
    finally:
        if is_open(line):
            line.release()
        else:
            line.abort()


def _status(peer: Peer, send: Callable[[], Dataset]) -> int:
    try:
        answer: Any = send()
    except ValueError as error:
        raise CheckFailed(f"{peer.ae_title} does not offer this service") from error
    if "Status" not in answer:
        raise CheckFailed(f"{peer.ae_title} at port {peer.port} broke off: see the log of dimse")
    return int(answer.Status)
