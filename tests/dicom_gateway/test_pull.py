"""A granted study that is not here is fetched from the PACS, once, whole, and never unasked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from dicom_gateway.assembly import build_puller, build_store
from dicom_gateway.index import pulls
from dicom_gateway.index.engine import reading
from dicom_gateway.index.retrieval import Selection, selected_files
from dicom_gateway.peers import Peer, Pull
from tests.dicom_gateway.archive import TITLE, Archive, archive
from tests.dicom_gateway.objects import ct, encode, sample
from tests.dicom_gateway.stage import Gateway, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dicom_gateway.puller import Puller

STUDY = "1.2.3.4"
SERIES = f"/studies/{STUDY}/series"
JPEG2000 = sample("693_J2KI.dcm")
JPEG_STUDY = str(JPEG2000.StudyInstanceUID)


@dataclass
class Ward:
    """A gateway beside a PACS."""

    gateway: Gateway
    pacs: Archive
    puller: Puller

    def work(self) -> None:
        """What the worker does until nothing waits."""
        while self.puller.pull_next():
            pass
        self.gateway.index()
        self.puller.pull_next()

    def state(self, study: str = STUDY) -> pulls.State | None:
        with reading(self.gateway.engine) as connection:
            now = pulls.standing(connection, study)
        return None if now is None else now.state

    def bytes_of(self, study: str) -> dict[str, bytes]:
        """Every kept data set of the study."""
        store = build_store(self.gateway.settings)
        with reading(self.gateway.engine) as connection:
            files = selected_files(connection, Selection(studies=(study,)))
        return {one.sop_instance_uid: encode(dcmread(store.path(one.file_name))) for one in files}


@contextmanager
def ward(folder: Path, how: Pull, *others: Peer, url: str = "") -> Iterator[Ward]:
    port = free_port()
    peers = (*others, Peer(TITLE, "127.0.0.1", port, pull=how), Peer("MODALITY", "127.0.0.1"))
    with (
        running(folder, url, peer=peers) as gateway,
        archive(folder, port, gateway.port) as pacs,
    ):
        puller = build_puller(gateway.settings, threading.Event())
        assert puller is not None
        yield Ward(gateway, pacs, puller)


@pytest.mark.parametrize("how", [Pull.MOVE, Pull.GET])
def test_a_granted_study_is_fetched_from_the_pacs_and_then_served(
    tmp_path: Path, how: Pull
) -> None:
    slices = [ct(number=number) for number in range(1, 6)]
    with ward(tmp_path, how) as here:
        here.pacs.take_in(*slices)
        waiting = here.gateway.get(SERIES, STUDY)
        assert (waiting.status_code, waiting.headers["Retry-After"]) == (503, "2")
        assert waiting.content_type == "application/problem+json"
        assert waiting.json is not None
        assert waiting.json["code"] == "study-on-its-way"
        assert "archive" in waiting.json["detail"]
        assert here.puller.pull_next() == 1
        listing = here.gateway.get(SERIES, STUDY).json
        assert listing is not None
        assert (listing["arrived"], listing["expected"]) == (5, 5), "came, and is being listed"
        here.work()
        assert here.state() is pulls.State.DONE
        answer = here.gateway.get(SERIES, STUDY)
        assert answer.status_code == 200
        assert here.bytes_of(STUDY) == {str(one.SOPInstanceUID): encode(one) for one in slices}
