"""A granted study that is not here is fetched from the PACS, once, whole, and never unasked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pynetdicom import AE, build_context, evt
from sqlalchemy import func, select, update

from config.settings import ROOT
from dicom_gateway import pull
from dicom_gateway.assembly import build_puller, build_store
from dicom_gateway.dimse import retrieve, status
from dicom_gateway.dimse.find import STUDY_ROOT
from dicom_gateway.errors import PullReason
from dicom_gateway.index import models, pulls
from dicom_gateway.index.engine import reading
from dicom_gateway.index.pulls import State
from dicom_gateway.index.retrieval import Selection, selected_files
from dicom_gateway.peers import Peer, Pull
from tests.dicom_gateway.archive import TITLE, Archive, archive
from tests.dicom_gateway.objects import ct, encode, sample
from tests.dicom_gateway.processes import Programs
from tests.dicom_gateway.stage import (
    AE_TITLE,
    Gateway,
    free_port,
    running,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pynetdicom.events import Event

    from dicom_gateway.puller import Puller

STUDY = "1.2.3.4"
SERIES = f"/studies/{STUDY}/series"
IMAGE = f"{SERIES}/{STUDY}.1/instances/{STUDY}.1.1"
_SYNTAX = models.StoredObject.transfer_syntax_uid
DESK = Peer("MODALITY", "127.0.0.1")


@dataclass
class Ward:
    """A gateway that may ask peers, and the worker's step called by hand."""

    gateway: Gateway
    puller: Puller

    def work(self) -> None:
        """What the worker does until nothing waits."""
        while self.puller.pull_next():
            pass
        self.gateway.index()
        self.puller.pull_next()

    def now(self, study: str = STUDY) -> pulls.Standing:
        with reading(self.gateway.engine) as connection:
            found = pulls.standing(connection, study)
        assert found is not None
        return found

    def let_time_pass(self) -> None:
        """Every wait is over."""
        with self.gateway.engine.begin() as connection:
            connection.execute(update(models.Pull).values(next_try_at=0.0, changed_at=0.0))

    def rows(self) -> int:
        with reading(self.gateway.engine) as connection:
            return int(connection.scalar(select(func.count()).select_from(models.Pull)) or 0)

    def try_until_it_rests(self) -> None:
        """All attempts, without the waits between them."""
        while self.now().is_active:
            self.let_time_pass()
            self.work()

    def bytes_of(self, study: str) -> dict[str, bytes]:
        """Every listed data set of the study."""
        store = build_store(self.gateway.settings)
        with reading(self.gateway.engine) as connection:
            files = selected_files(connection, Selection(studies=(study,)))
        return {one.sop_instance_uid: encode(dcmread(store.path(one.file_name))) for one in files}


@contextmanager
def ward(folder: Path, *peers: Peer) -> Iterator[Ward]:
    with running(folder, peer=(*peers, DESK)) as gateway:
        puller = build_puller(gateway.settings, threading.Event())
        assert puller is not None
        yield Ward(gateway, puller)


@contextmanager
def ward_and_pacs(
    folder: Path, how: Pull, *options: str, title: str = AE_TITLE
) -> Iterator[tuple[Ward, Archive]]:
    port = free_port()
    with (
        ward(folder, Peer(TITLE, "127.0.0.1", port, pull=how)) as here,
        archive(folder, port, here.gateway.port, *options, title=title) as pacs,
    ):
        yield here, pacs


@contextmanager
def answering(port: int, search: Callable[[Event], Any], move: Callable[[Event], Any]) -> Any:
    """A peer that answers as it is told to."""
    entity = AE(ae_title=TITLE)
    for model in (STUDY_ROOT, retrieve.STUDY_ROOT_MOVE):
        entity.add_supported_context(model)
    handlers: Any = [(evt.EVT_C_FIND, search), (evt.EVT_C_MOVE, move)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield
    finally:
        server.shutdown()  # type: ignore[union-attr]


def has_it(event: Event) -> Any:
    yield status.PENDING, event.identifier
    yield status.SUCCESS, None


@pytest.mark.parametrize("how", [Pull.MOVE, Pull.GET], ids=str)
def test_a_granted_study_is_fetched_from_the_pacs_and_then_served(
    tmp_path: Path, how: Pull
) -> None:
    slices = [ct(number=number) for number in range(1, 6)]
    with ward_and_pacs(tmp_path, how) as (here, pacs):
        pacs.take_in(*slices)
        paths = (SERIES, f"/studies?StudyInstanceUID={STUDY}", f"{IMAGE}/frames/1", IMAGE)
        for path in (*paths, f"{IMAGE}/rendered", f"{SERIES}/{STUDY}.1/metadata"):
            answer = here.gateway.get(path, STUDY)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), path
        waiting = here.gateway.get(SERIES, STUDY)
        assert waiting.content_type == "application/problem+json"
        assert waiting.json is not None
        assert waiting.json["code"] == "study-on-its-way"
        assert "archive" in waiting.json["detail"]
        assert here.rows() == 1, "one pull however often it is asked"
        assert here.puller.pull_next() == 1
        half = here.gateway.get(SERIES, STUDY).json
        assert half is not None
        assert (half["arrived"], half["expected"]) == (5, 5), "came, and is being listed"
        here.work()
        assert here.now().state is State.DONE
        assert here.gateway.get(SERIES, STUDY).status_code == 200
        assert here.gateway.get(f"{SERIES}/1.2.9", STUDY).status_code == 404, "only what is missing"
        assert here.bytes_of(STUDY) == {str(one.SOPInstanceUID): encode(one) for one in slices}
        with reading(here.gateway.engine) as connection:
            senders = set(connection.scalars(select(models.StoredObject.sender)))
    assert senders == {TITLE}


def test_a_study_of_several_transfer_syntaxes_comes_whole_over_c_get(tmp_path: Path) -> None:
    """dcmqrscp uses one context a class, so it takes two attempts; nothing is recoded."""
    packed = sample("693_J2KI.dcm")
    packed.StudyInstanceUID, packed.PatientID = STUDY, "A-1"
    with ward_and_pacs(tmp_path, Pull.GET, "+xw") as (here, pacs):
        pacs.take_in(packed, ct())
        pulls.ask(here.gateway.engine, STUDY)
        here.work()
        assert here.now().reason == PullReason.INCOMPLETE
        here.let_time_pass()
        here.work()
        assert (here.now().state, here.now().attempts) == (State.DONE, 2)
        with reading(here.gateway.engine) as connection:
            rows = select(models.StoredObject.sop_instance_uid, _SYNTAX)
            kept = {row[0]: row[1] for row in connection.execute(rows)}
    sent = {one.SOPInstanceUID: one.file_meta.TransferSyntaxUID for one in (packed, ct())}
    assert kept == sent


def test_nobody_is_asked_for_what_is_not_granted(tmp_path: Path) -> None:
    with ward(tmp_path, Peer(TITLE, "127.0.0.1", free_port(), pull=Pull.MOVE)) as here:
        asked = [here.gateway.get(SERIES, "1.2.9"), here.gateway.get(f"{IMAGE}/frames/1", "1.2.9")]
        asked.append(here.gateway.get("/studies/1.2.9x/series", "1.2.9"))
        assert [one.status_code for one in asked] == [404, 404, 400]
        assert here.gateway.get(f"/studies?StudyInstanceUID={STUDY}", "1.2.9").json == []
        assert here.gateway.get(SERIES, token=here.gateway.token(STUDY)[:-2]).status_code == 401
        assert here.gateway.get("/studies", STUDY).json == [], "a list alone fetches nothing"
        assert here.rows() == 0


def test_without_a_source_a_missing_study_is_missing(tmp_path: Path) -> None:
    with running(tmp_path, peer=(DESK,)) as gateway:
        assert build_puller(gateway.settings, threading.Event()) is None
        assert gateway.get(SERIES, STUDY).status_code == 404
        gateway.take_in(ct())
        assert gateway.get(SERIES, STUDY).status_code == 200


def test_what_no_peer_has_is_missing_and_asked_anew_after_a_minute(tmp_path: Path) -> None:
    with ward_and_pacs(tmp_path, Pull.MOVE) as (here, pacs):
        assert here.gateway.get(SERIES, STUDY).status_code == 503
        here.work()
        assert here.now().state is State.ABSENT
        assert here.gateway.get(SERIES, STUDY).status_code == 404
        assert here.gateway.get(f"/studies?StudyInstanceUID={STUDY}", STUDY).json == []
        assert here.now().state is State.ABSENT
        pacs.take_in(ct())
        here.let_time_pass()
        assert here.gateway.get(SERIES, STUDY).status_code == 503
        here.work()
        assert here.gateway.get(SERIES, STUDY).status_code == 200


def test_what_was_fetched_and_has_expired_is_fetched_again(tmp_path: Path) -> None:
    with ward(tmp_path, Peer(TITLE, "127.0.0.1", free_port(), pull=Pull.MOVE)) as here:
        pulls.ask(here.gateway.engine, STUDY)
        pulls.note_arrived(here.gateway.engine, STUDY, arrived=1)
        pulls.finish_listed(here.gateway.engine)
        assert here.now().state is State.DONE
        assert here.gateway.get(SERIES, STUDY).status_code == 503
        assert here.now().state is State.QUEUED


def test_what_arrived_otherwise_is_not_fetched(tmp_path: Path) -> None:
    with ward(tmp_path, Peer(TITLE, "127.0.0.1", free_port(), pull=Pull.MOVE)) as here:
        assert here.gateway.send(ct()) == [0]
        assert here.gateway.get(SERIES, STUDY).status_code == 404, "not listed yet"
        here.gateway.index()
        assert here.gateway.get(SERIES, STUDY).status_code == 200
        assert here.rows() == 0


def test_an_archive_that_is_away_is_tried_again_and_then_told(tmp_path: Path) -> None:
    with ward(tmp_path, Peer(TITLE, "127.0.0.1", free_port(), pull=Pull.MOVE)) as here:
        here.gateway.get(SERIES, STUDY)
        assert here.puller.pull_next() == 1
        first = here.now()
        assert (first.state, first.reason) == (State.QUEUED, PullReason.AWAY)
        assert here.puller.pull_next() == 0, "it waits before the next attempt"
        here.try_until_it_rests()
        assert (here.now().state, here.now().attempts) == (State.FAILED, pulls.MOST_ATTEMPTS)
        told = here.gateway.get(SERIES, STUDY)
        assert (told.status_code, told.headers["Retry-After"]) == (503, "60")
        assert told.json is not None
        assert told.json["code"] == "archive-away"
        assert "administrator" in told.json["detail"]
        here.let_time_pass()
        assert here.gateway.get(SERIES, STUDY).json["code"] == "study-on-its-way"  # type: ignore[index]


def test_the_next_peer_is_asked_when_one_is_away(tmp_path: Path) -> None:
    port = free_port()
    away = Peer("AWAY", "127.0.0.1", free_port(), pull=Pull.MOVE)
    with (
        ward(tmp_path, away, Peer(TITLE, "127.0.0.1", port, pull=Pull.MOVE)) as here,
        archive(tmp_path, port, here.gateway.port) as pacs,
    ):
        here.gateway.get(SERIES, STUDY)
        here.work()
        assert here.now().reason == PullReason.AWAY, "one that is away may have what others lack"
        pacs.take_in(ct())
        here.let_time_pass()
        here.work()
        assert here.now().state is State.DONE


def test_what_came_in_part_is_shown_with_a_warning_and_never_before_the_end(
    tmp_path: Path,
) -> None:
    with ward_and_pacs(tmp_path, Pull.MOVE, "+xw") as (here, pacs):
        in_part = sample("693_J2KI.dcm")
        in_part.StudyInstanceUID, in_part.SeriesInstanceUID = STUDY, f"{STUDY}.2"
        in_part.PatientID = "A-1"
        pacs.take_in(ct(), in_part)
        here.gateway.get(SERIES, STUDY)
        here.work()
        assert here.now().reason == PullReason.INCOMPLETE, "it proposes no JPEG 2000 when it sends"
        assert here.gateway.get(SERIES, STUDY).status_code == 503
        here.try_until_it_rests()
        answer = here.gateway.get(SERIES, STUDY)
        assert answer.status_code == 200
        assert "could not be fetched" in answer.headers["Warning"]


def test_an_archive_that_does_not_know_the_gateway_is_named_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ward_and_pacs(tmp_path, Pull.MOVE, title="ANOTHER") as (here, pacs):
        pacs.take_in(ct())
        pulls.ask(here.gateway.engine, STUDY)
        here.try_until_it_rests()
        assert here.now().reason == PullReason.GATEWAY_UNKNOWN
        assert pull._ending(here.now()) == pull.NOT_FETCHED
    assert "does not know this gateway" in capsys.readouterr().err


def _breaks_off(event: Event) -> Any:
    event.assoc.abort(block=False)
    yield None, None


def _says_all_is_sent(_event: Event) -> Any:
    yield ("127.0.0.1", 1)
    yield 0


def _refuses(_event: Event) -> Any:
    yield ("127.0.0.1", 1)
    yield 1
    yield 0xC123, None


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (_breaks_off, PullReason.BROKEN),
        (_says_all_is_sent, PullReason.NOTHING_CAME),
        (_refuses, PullReason.REFUSED),
    ],
)
def test_each_failure_of_a_retrieve_has_its_reason(
    tmp_path: Path, move: Callable[[Event], Any], reason: PullReason
) -> None:
    port = free_port()
    with (
        ward(tmp_path, Peer(TITLE, "127.0.0.1", port, pull=Pull.MOVE)) as here,
        answering(port, has_it, move),
    ):
        pulls.ask(here.gateway.engine, STUDY)
        here.puller.pull_next()
        assert (here.now().state, here.now().reason) == (State.QUEUED, reason)


def test_an_archive_that_falls_silent_is_left(tmp_path: Path) -> None:
    port, end = free_port(), threading.Event()

    def hang(_event: Event) -> Any:
        end.wait(30)
        yield ("127.0.0.1", 1)
        yield 0

    with (
        ward(tmp_path, Peer(TITLE, "127.0.0.1", port, pull=Pull.MOVE)) as here,
        answering(port, has_it, hang),
    ):
        pulls.ask(here.gateway.engine, STUDY)
        impatient = replace(here.puller.fetcher, silence_seconds=0.0)
        replace(here.puller, fetcher=impatient).pull_next()
        assert here.now().reason == PullReason.SILENT
        end.set()


def test_a_search_that_is_refused_is_no_absence(tmp_path: Path) -> None:
    port = free_port()

    def refuse(_event: Event) -> Any:
        yield 0xA700, None

    with (
        ward(tmp_path, Peer(TITLE, "127.0.0.1", port, pull=Pull.MOVE)) as here,
        answering(port, refuse, _refuses),
    ):
        pulls.ask(here.gateway.engine, STUDY)
        here.puller.pull_next()
        assert here.now().reason == PullReason.SEARCH_REFUSED


def test_an_archive_that_answers_more_than_it_is_asked_has_not_the_study(tmp_path: Path) -> None:
    port = free_port()

    def everything(event: Event) -> Any:
        event.identifier.StudyInstanceUID = "1.2.8"
        yield status.PENDING, event.identifier
        yield status.SUCCESS, None

    with (
        ward(tmp_path, Peer(TITLE, "127.0.0.1", port, pull=Pull.MOVE)) as here,
        answering(port, everything, _refuses),
    ):
        pulls.ask(here.gateway.engine, STUDY)
        here.puller.pull_next()
        assert here.now().state is State.ABSENT


def test_rows_are_taken_up_once_and_survive_who_took_them(any_gateway: Gateway) -> None:
    engine = any_gateway.engine
    assert pulls.ask(engine, STUDY).state is State.QUEUED
    taken = pulls.claim(engine)
    assert taken is not None
    assert (taken.state, taken.attempts) == (State.RUNNING, 1)
    assert pulls.claim(engine) is None
    assert pulls.ask(engine, STUDY).state is State.RUNNING, "asking again changes nothing"
    assert pulls.recover(engine) == 1, "the process that took it up was killed"
    for _ in range(pulls.MOST_ATTEMPTS - 1):
        assert pulls.claim(engine) is not None
        pulls.recover(engine)
    with reading(engine) as connection:
        last = pulls.standing(connection, STUDY)
        counted = pulls.counts(connection)
    assert last is not None
    assert (last.state, last.reason) == (State.FAILED, PullReason.TROUBLE)
    assert counted["failed"] == 1


@contextmanager
def worker(here: Ward, folder: Path, source: Peer) -> Iterator[subprocess.Popen[bytes]]:
    """The real worker program over the same index."""
    programs = Programs(folder, here.gateway.keys, here.gateway.port, free_port())
    rows = json.dumps(
        [{"ae_title": TITLE, "host": "127.0.0.1", "port": source.port, "pull": "move"}]
    )
    command = [*programs.environment, f"TSUNAGU_GATEWAY_PEER={rows}", sys.executable]
    child = subprocess.Popen(  # noqa: S603 - our own program
        [*command, "-m", "dicom_gateway", "worker"], cwd=ROOT, stdin=subprocess.PIPE
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_worker_that_is_killed_meanwhile_loses_no_pull(tmp_path: Path) -> None:
    begun, killed, calls = threading.Event(), threading.Event(), list[int]()
    source = Peer(TITLE, "127.0.0.1", free_port(), pull=Pull.MOVE)

    def hang_once(_event: Event) -> Any:
        calls.append(1)
        if len(calls) == 1:
            begun.set()
            killed.wait(30)
        offered = [build_context(ct().SOPClassUID, ct().file_meta.TransferSyntaxUID)]
        yield "127.0.0.1", here.gateway.port, {"contexts": offered}
        yield 1
        yield status.PENDING, ct()

    with ward(tmp_path, source) as here, answering(source.port, has_it, hang_once):
        assert here.gateway.get(SERIES, STUDY).status_code == 503
        with worker(here, tmp_path, source):
            assert begun.wait(30)
        assert here.now().state is State.RUNNING, "its row does not know"
        killed.set()
        with worker(here, tmp_path, source):
            wait_until(lambda: here.now().state is State.DONE, "the next worker goes on")
        assert (here.now().attempts, len(calls)) == (2, 2)
        assert here.gateway.get(SERIES, STUDY).status_code == 200


def wanted(**changes: str) -> Namespace:
    return Namespace(**{"study": STUDY, "source": "", **changes})


def test_the_command_tells_how_it_goes_and_ends_with_a_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ward_and_pacs(tmp_path, Pull.MOVE) as (here, pacs):
        pacs.take_in(ct(), ct(number=2))
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(0.05):
                here.work()

        worker = threading.Thread(target=work)
        worker.start()
        settings = here.gateway.settings
        assert pull.run(settings, wanted(source=TITLE)) == pull.HERE
        assert pull.run(settings, wanted(study="1.2.8")) == pull.NOBODY_HAS_IT
        stop.set()
        worker.join()
        monkeypatch.setattr(pull, "PATIENCE_SECONDS", 0.0)
        assert pull.run(settings, wanted(study="1.2.7")) == pull.NOT_TAKEN_UP
        assert here.now("1.2.7").state is State.QUEUED
    said = capsys.readouterr()
    assert "2 objects are here\n" in said.out
    for words in ("queued\n", "no peer has this study", "does the service run?"):
        assert words in said.err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"study": "../x"}, "digits and dots"),
        ({"source": "MODALITY"}, f"MODALITY is no peer that may be asked; these are: {TITLE}"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], said: str
) -> None:
    with ward(tmp_path, Peer(TITLE, "127.0.0.1", 1, pull=Pull.GET)) as here:
        assert pull.run(here.gateway.settings, wanted(**changes)) == pull.NOT_LIKE_THIS
        assert here.rows() == 0
    assert said in capsys.readouterr().err


def test_a_gateway_without_sources_says_what_to_write(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pull.run(gateway.settings, wanted()) == pull.NOT_LIKE_THIS
    assert 'write pull = "move" or "get"' in capsys.readouterr().err
