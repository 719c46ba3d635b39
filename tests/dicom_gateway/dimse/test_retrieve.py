"""C-GET and C-MOVE: what was stored goes out as it came, and only to whom it may."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, evt

from dicom_gateway.dimse import retrieve, status
from dicom_gateway.peers import Peer, Right
from tests.dicom_gateway.objects import ct, encode, sample
from tests.dicom_gateway.stage import AE_TITLE, Gateway, fetching, free_port, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.events import Event

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
JPEG2000 = sample("693_J2KI.dcm")
JPEG2000_STUDY = str(JPEG2000.StudyInstanceUID)
EVERYTHING = frozenset({Right.QUERY, Right.RETRIEVE})


class Destination:
    """A storage SCP that keeps data sets as bytes, by SOP Instance UID."""

    def __init__(self, port: int, *syntaxes: str) -> None:
        self.port = port
        self.kept: dict[str, bytes] = {}
        self.originators: set[tuple[str, int]] = set()
        entity = AE(ae_title="ARCHIVE")
        entity.add_supported_context(CT, list(syntaxes))
        handlers = [(evt.EVT_C_STORE, self._keep)]
        started = entity.start_server(
            ("127.0.0.1", port),
            block=False,
            evt_handlers=handlers,  # type: ignore[arg-type]
        )

        assert started is not None
        self._server = started

    def _keep(self, event: Event) -> int:
        request: Any = event.request
        self.kept[str(request.AffectedSOPInstanceUID)] = request.DataSet.getvalue()
        self.originators.add(
            (request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID)
        )
        return status.SUCCESS

    def stop(self) -> None:
        self._server.shutdown()


@pytest.fixture(scope="module")
def archive_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, archive_port: int) -> Iterator[Gateway]:
    peers = (
        Peer("MODALITY", "127.0.0.1"),
        Peer("DESK", "127.0.0.1", 0, EVERYTHING),
        Peer("ARCHIVE", "127.0.0.1", archive_port),
        Peer("CLOSED", "127.0.0.1", free_port()),
    )
    with running(tmp_path_factory.mktemp("gateway"), peer=peers) as gateway:
        gateway.take_in(*(ct(number=number) for number in (1, 2, 3)), JPEG2000)
        yield gateway


@pytest.fixture
def archive(archive_port: int) -> Iterator[Destination]:
    one = Destination(archive_port, EXPLICIT, str(JPEG2000.file_meta.TransferSyntaxUID))
    yield one
    one.stop()


def question(level: str, **keys: Any) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    return asked


def move(
    gateway: Gateway, asked: Dataset, to: str = "ARCHIVE", model: str = retrieve.STUDY_ROOT_MOVE
) -> list[tuple[Dataset, Dataset | None]]:
    entity = AE(ae_title="DESK")
    entity.add_requested_context(model)
    line = entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE)
    assert line.is_established
    found = list(line.send_c_move(asked, to, model, msg_id=7))
    line.release()
    return found


def test_a_move_sends_the_bytes_that_were_stored(hospital: Gateway, archive: Destination) -> None:
    heard = move(hospital, question("STUDY", StudyInstanceUID="1.2.3.4"))
    assert [answer.Status for answer, _ in heard] == [status.PENDING] * 2 + [status.SUCCESS]
    assert heard[-1][0].NumberOfCompletedSuboperations == 3
    assert archive.kept == {f"1.2.3.4.1.{n}": encode(ct(number=n)) for n in (1, 2, 3)}
    assert archive.originators == {("DESK", 7)}


@pytest.mark.parametrize(
    ("asked", "model", "count"),
    [
        (question("PATIENT", PatientID="A-1"), retrieve.PATIENT_ROOT_MOVE, 3),
        (question("SERIES", SeriesInstanceUID="1.2.3.4.1"), retrieve.STUDY_ROOT_MOVE, 3),
        (
            question("IMAGE", SOPInstanceUID=["1.2.3.4.1.1", "1.2.3.4.1.3"]),
            retrieve.STUDY_ROOT_MOVE,
            2,
        ),
        (
            question("STUDY", StudyInstanceUID=str(JPEG2000.StudyInstanceUID)),
            retrieve.STUDY_ROOT_MOVE,
            1,
        ),
        (question("STUDY", StudyInstanceUID="9.9.9"), retrieve.STUDY_ROOT_MOVE, 0),
        (
            question("STUDY", StudyInstanceUID="1.2.3.4", PatientID="B-2"),
            retrieve.PATIENT_ROOT_MOVE,
            0,
        ),
    ],
    ids=["patient", "series", "images", "compressed", "nothing", "another patient"],
)
def test_each_level_means_its_objects(
    hospital: Gateway, archive: Destination, asked: Dataset, model: str, count: int
) -> None:
    last, _ = move(hospital, asked, model=model)[-1]
    assert (last.Status, last.NumberOfCompletedSuboperations) == (status.SUCCESS, count)
    assert len(archive.kept) == count


def test_what_the_destination_does_not_take_fails_and_is_named(
    hospital: Gateway, archive_port: int, tmp_path: Path
) -> None:
    plain = subprocess.Popen(  # noqa: S603
        ["/usr/bin/storescp", "+B", "-od", str(tmp_path), "-aet", "ARCHIVE", str(archive_port)]
    )
    try:
        wait_until(lambda: listens(archive_port), "storescp listens")
        uid = str(JPEG2000.SOPInstanceUID)
        asked = question("IMAGE", SOPInstanceUID=["1.2.3.4.1.1", uid])
        last, failed = move(hospital, asked)[-1]
        assert (last.Status, last.NumberOfFailedSuboperations) == (status.SOME_FAILED, 1)
        assert failed is not None
        assert failed.FailedSOPInstanceUIDList == uid
        assert len(list(tmp_path.iterdir())) == 1
        last, failed = move(hospital, question("IMAGE", SOPInstanceUID=uid))[-1]
        assert last.Status == status.SUBOPERATIONS_IMPOSSIBLE
        assert failed is not None
        assert failed.FailedSOPInstanceUIDList == uid
    finally:
        plain.kill()
        plain.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("to", ["NOBODY", "DESK"])
def test_a_move_goes_to_listed_peers_that_listen_only(hospital: Gateway, to: str) -> None:
    [(last, _)] = move(hospital, question("STUDY", StudyInstanceUID="1.2.3.4"), to)
    assert last.Status == status.DESTINATION_UNKNOWN


def test_a_destination_that_is_away_fails_every_object(hospital: Gateway) -> None:
    [(last, failed)] = move(hospital, question("STUDY", StudyInstanceUID="1.2.3.4"), "CLOSED")
    assert last.Status == status.SUBOPERATIONS_IMPOSSIBLE
    assert failed is not None
    assert len(failed.FailedSOPInstanceUIDList) == 3


@pytest.mark.parametrize(
    "asked", [question("STUDY", PatientID="A-1"), question("FRAME"), Dataset()], ids=str
)
def test_a_request_without_its_unique_key_is_refused(hospital: Gateway, asked: Dataset) -> None:
    asked.setdefault("PatientID", "A-1")
    [(last, _)] = move(hospital, asked)
    assert last.Status == status.IDENTIFIER_DOES_NOT_MATCH


def test_a_cancel_ends_a_get_between_two_objects(hospital: Gateway) -> None:
    kept: list[str] = []

    def keep(event: Event) -> int:
        request: Any = event.request
        kept.append(str(request.AffectedSOPInstanceUID))
        line.send_c_cancel(5, query_model=retrieve.STUDY_ROOT_GET)
        return status.SUCCESS

    line = fetching(hospital.port, CT, keep)
    asked = question("STUDY", StudyInstanceUID="1.2.3.4")
    last, _ = list(line.send_c_get(asked, retrieve.STUDY_ROOT_GET, msg_id=5))[-1]
    line.release()
    assert last.Status == status.CANCEL
    assert last.NumberOfRemainingSuboperations == 3 - len(kept)
    assert len(kept) < 3


def test_a_destination_that_does_not_answer_holds_up_nobody(
    hospital: Gateway, archive: Destination
) -> None:
    entity = AE(ae_title="DESK")
    entity.add_requested_context(retrieve.STUDY_ROOT_MOVE)
    idle = [entity.associate("127.0.0.1", hospital.port, ae_title=AE_TITLE) for _ in range(5)]
    last, _ = move(hospital, question("STUDY", StudyInstanceUID="1.2.3.4"))[-1]
    assert last.Status == status.SUCCESS
    for line in idle:
        line.abort()


@pytest.mark.parametrize("tuning", [["TCP_NODELAY=1", "TCP_BUFFER_LENGTH=1048576"], []], ids=len)
def test_getscu_and_movescu_are_served(
    hospital: Gateway, archive: Destination, tmp_path: Path, tuning: list[str]
) -> None:
    where = ["-aet", "DESK", "-aec", AE_TITLE, "127.0.0.1", str(hospital.port)]
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3.4"]
    base = ["env", "-u", "TCP_NODELAY", "-u", "TCP_BUFFER_LENGTH", *tuning]
    for command in (
        ["/usr/bin/getscu", "-S", "+B", "-od", str(tmp_path), *keys, *where],
        ["/usr/bin/movescu", "-S", "-aem", "ARCHIVE", *keys, *where],
    ):
        done = subprocess.run([*base, *command], capture_output=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
    got = [dcmread(path) for path in sorted(tmp_path.iterdir())]
    assert {one.SOPInstanceUID: encode(one) for one in got} == archive.kept
    assert len(got) == 3
