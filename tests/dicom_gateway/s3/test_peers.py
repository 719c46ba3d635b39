"""What comes by STOW-RS lies in the bucket, and C-MOVE and C-GET hand it out from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dicom_gateway.dimse import retrieve, status
from dicom_gateway.peers import Peer
from tests.dicom_gateway.dicomweb.test_stow import body_of, file_of, post
from tests.dicom_gateway.dimse.test_retrieve import (
    CT,
    EVERYTHING,
    EXPLICIT,
    Destination,
    move,
    question,
)
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.s3.test_tiered import cached, carrier_of, forget_here
from tests.dicom_gateway.stage import fetching, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.events import Event

    from tests.dicom_gateway.s3.service import S3Server
    from tests.dicom_gateway.stage import Gateway

STUDY = question("STUDY", StudyInstanceUID="1.1")
SENT = {f"1.1.1.{number}": encode(ct("1.1", number)) for number in (1, 2, 3)}


@pytest.fixture
def archive() -> Iterator[Destination]:
    one = Destination(free_port(), EXPLICIT)
    yield one
    one.stop()


@pytest.fixture
def stocked(s3: S3Server, archive: Destination, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that three objects came to by STOW-RS; the bucket has them, this disk too."""
    peers = (
        Peer("DESK", "127.0.0.1", 0, EVERYTHING),
        Peer("ARCHIVE", "127.0.0.1", archive.port),
    )
    with running(tmp_path, **s3.settings(), peer=peers) as gateway:
        files = [file_of(ct("1.1", number)) for number in (1, 2, 3)]
        assert post(gateway, body_of(*files)).status_code == 200
        gateway.index()
        assert carrier_of(gateway).carry_some() == len(SENT)
        yield gateway


def get(gateway: Gateway) -> tuple[dict[str, bytes], Any]:
    """Objects of a C-GET by SOP Instance UID, and its last answer."""
    kept: dict[str, bytes] = {}

    def keep(event: Event) -> int:
        request: Any = event.request
        kept[str(request.AffectedSOPInstanceUID)] = request.DataSet.getvalue()
        return status.SUCCESS

    line = fetching(gateway.port, CT, keep)
    answers = [answer for answer, _ in line.send_c_get(STUDY, retrieve.STUDY_ROOT_GET)]
    line.release()
    return kept, answers[-1]


def test_what_was_uploaded_is_in_the_bucket_as_it_was_sent(stocked: Gateway, s3: S3Server) -> None:
    contents = [s3.content(key) for key in s3.stored()]
    heads = [144 + int.from_bytes(one[140:144], "little") for one in contents]
    bodies = {one[head:] for one, head in zip(contents, heads, strict=True)}
    assert bodies == set(SENT.values())
    forget_here(stocked)
    path = "/studies/1.1/series/1.1.1/instances/1.1.1.1"
    back = stocked.get(path, "1.1", accept="application/dicom")
    assert back.data.endswith(SENT["1.1.1.1"])


@pytest.mark.parametrize("is_evicted", [False, True], ids=["near", "evicted"])
def test_a_move_sends_what_the_bucket_has(
    stocked: Gateway, archive: Destination, *, is_evicted: bool
) -> None:
    if is_evicted:
        forget_here(stocked)
        assert cached(stocked) == 0
    last, _ = move(stocked, STUDY)[-1]
    assert (last.Status, last.NumberOfCompletedSuboperations) == (status.SUCCESS, 3)
    assert archive.kept == SENT
    assert cached(stocked) == 3


@pytest.mark.parametrize("is_evicted", [False, True], ids=["near", "evicted"])
def test_a_get_sends_what_the_bucket_has(stocked: Gateway, *, is_evicted: bool) -> None:
    if is_evicted:
        forget_here(stocked)
        assert cached(stocked) == 0
    kept, last = get(stocked)
    assert (last.Status, last.NumberOfCompletedSuboperations) == (status.SUCCESS, 3)
    assert kept == SENT


def test_what_the_bucket_lost_is_a_failed_object_and_the_others_go(
    stocked: Gateway, archive: Destination, s3: S3Server
) -> None:
    forget_here(stocked)
    s3.client.delete_object(Bucket=s3.bucket, Key=s3.stored()[0])
    last, failed = move(stocked, STUDY)[-1]
    assert (last.Status, last.NumberOfFailedSuboperations) == (status.SOME_FAILED, 1)
    assert failed is not None
    assert failed.FailedSOPInstanceUIDList in SENT
    assert len(archive.kept) == 2
