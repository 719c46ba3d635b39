"""No answer is lost that comes at once, whatever pynetdicom's reactor thread is doing."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]
from typing_extensions import override

from config.settings import ROOT
from dicom_gateway.assembly import build_ingest
from dicom_gateway.dimse import inquiry, status
from dicom_gateway.dimse.calling import Caller
from dicom_gateway.dimse.commitment import PUSH_MODEL, WELL_KNOWN_INSTANCE
from dicom_gateway.dimse.fetch import Fetcher, Watch
from dicom_gateway.dimse.find import STUDY_ROOT
from dicom_gateway.dimse.transfer import send_file
from dicom_gateway.index.retrieval import StoredFile
from dicom_gateway.peers import Peer, Pull, Right
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import AE_TITLE, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.association import Association
    from pynetdicom.events import Event

ROUNDS = 20
_HELD_SECONDS = 0.002  # a caller looks every millisecond whether the reactor rests
MATCHES = 5
EXPLICIT = "1.2.840.10008.1.2.1"


def _let_through(line: Association) -> None:
    before, line._reactor_checkpoint = line._reactor_checkpoint, HoldsBriefly()
    line._reactor_checkpoint.set()
    before.set()


class HoldsBriefly(threading.Event):
    """A checkpoint that lets the reactor through while the caller waits for its answer: what
    happens once in thousands of requests happens again and again."""

    @override
    def wait(self, timeout: float | None = None) -> bool:
        super().wait(_HELD_SECONDS)
        return True


def many(event: Event) -> Any:
    """Pending answers, numbered, then success."""
    for number in range(MATCHES):
        found = Dataset()
        found.StudyInstanceUID = event.identifier.StudyInstanceUID
        found.StudyID = str(number)
        yield status.PENDING, found
    yield status.SUCCESS, None


@contextmanager
def hasty_peer() -> Iterator[Peer]:
    """It answers everything at once."""
    entity = AE(ae_title="HASTY")
    for model in (Verification, STUDY_ROOT, CTImageStorage):
        entity.add_supported_context(model, EXPLICIT)
    entity.add_supported_context(PUSH_MODEL, EXPLICIT, scu_role=False, scp_role=True)
    handlers: Any = [
        (evt.EVT_C_FIND, many),
        (evt.EVT_C_STORE, lambda _: status.SUCCESS),
        (evt.EVT_N_EVENT_REPORT, lambda _: (status.SUCCESS, None)),
    ]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield Peer("HASTY", "127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()


@pytest.fixture
def line() -> Iterator[Association]:
    """An association of the gateway's with that peer, the race lost at every request."""
    models = (Verification, STUDY_ROOT, CTImageStorage, PUSH_MODEL)
    contexts = [build_context(model, EXPLICIT) for model in models]
    roles = [build_role(PUSH_MODEL, scp_role=True)]
    with hasty_peer() as peer:
        opened = Caller("TSUNAGU").call(peer, contexts, roles=roles)
        assert opened is not None
        opened.dimse_timeout = 1
        _let_through(opened)
        yield opened
        opened.abort()


def test_an_echo_is_heard(line: Association) -> None:
    answers = [line.send_c_echo().get("Status") for _ in range(ROUNDS)]
    assert answers == [status.SUCCESS] * ROUNDS


def test_every_match_of_a_query_is_heard_in_its_order(line: Association) -> None:
    asked = inquiry.question("STUDY", "1.2.3", StudyID="")
    for _ in range(ROUNDS):
        found = [one.StudyID for one in inquiry._answers(line, asked)]
        assert found == [str(number) for number in range(MATCHES)]


def test_the_answer_to_an_object_is_heard(line: Association, tmp_path: Path) -> None:
    one, file = ct(), tmp_path / "one.dcm"
    one.save_as(file, enforce_file_format=True)
    stored = StoredFile(str(CTImageStorage), str(one.SOPInstanceUID), EXPLICIT, file.name)
    answers = [send_file(line, stored, file, number + 1) for number in range(ROUNDS)]
    assert answers == [status.SUCCESS] * ROUNDS


def test_the_answer_to_a_report_is_heard(line: Association) -> None:
    report = Dataset()
    report.TransactionUID = "1.2.3"
    for _ in range(ROUNDS):
        answer, _told = line.send_n_event_report(report, 1, PUSH_MODEL, WELL_KNOWN_INSTANCE)
        assert answer.get("Status") == status.SUCCESS


class LosingCaller(Caller):
    """Its associations never hold the reactor."""

    @override
    def call(self, *args: Any, **options: Any) -> Association | None:
        opened = super().call(*args, **options)
        if opened is not None:
            opened.dimse_timeout = 1
            _let_through(opened)
        return opened


def test_a_study_is_found_and_fetched_over_c_get(tmp_path: Path) -> None:
    desk = Peer("MODALITY", "127.0.0.1", rights=frozenset(Right))
    with running(tmp_path, peer=(desk,)) as gateway:
        gateway.take_in(ct(), ct(number=2))
        source = Peer(AE_TITLE, "127.0.0.1", gateway.port, pull=Pull.GET)
        told: list[int] = []
        watch = Watch(lambda: 0, lambda _, whole: told.append(whole), threading.Event())
        fetcher = Fetcher(LosingCaller("MODALITY"), build_ingest(gateway.settings), 2.0)
        for _ in range(5):
            found = fetcher.find(source, "1.2.3.4")
            assert found is not None
            assert found.expected == 2
            fetcher.fetch(source, "1.2.3.4", found, watch)
        assert set(told) <= {0, 2}


def test_every_association_of_the_gateway_is_opened_by_the_caller() -> None:
    opening = {
        path.name
        for path in (ROOT / "dicom_gateway").rglob("*.py")
        if ".associate(" in path.read_text("utf-8")
    }
    assert opening == {"calling.py"}
