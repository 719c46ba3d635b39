"""A disk that fills up, hostile objects, connections that hang: refused, and everything goes on."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from sqlalchemy import func, select

from bench import fuzz_gateway
from dicom_gateway.dimse import reception, room, status
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import StoredObject
from tests.dicom_gateway.dicomweb.test_stow import body_of, file_of, post, reasons
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.stage import AE_TITLE, running
from tests.dicom_gateway.test_ingest import files, rows, send_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import A_ASSOCIATE

    from tests.dicom_gateway.stage import Gateway

MEGABYTE = 1024 * 1024
DISK_MEGABYTES = 16
SLICE = 96
HALF_OPEN = room.MAXIMUM_ASSOCIATIONS + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB, mounted for the test; mounting needs root."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603 - our own arguments
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tsunagu-test", str(folder)],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.fail(
            "a small disk cannot be mounted; run as root, or inside `unshare -Urm`: "
            + mounted.stderr
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


@contextmanager
def on_disk(disk: Path, tmp_path: Path, reserve: int) -> Iterator[Gateway]:
    with running(tmp_path, var=disk, disk_reserve_bytes=reserve) as gateway:
        yield gateway


def large(number: int) -> Dataset:
    return ct(number=number, Rows=1024, Columns=512, PixelData=bytes(MEGABYTE))


def fill(gateway: Gateway) -> tuple[list[int], list[int]]:
    """(acknowledged numbers, other statuses) of 40 objects of a megabyte."""
    found = gateway.send(*(large(number) for number in range(1, 41)))
    taken = [number for number, code in enumerate(found, 1) if code == status.SUCCESS]
    return taken, [code for code in found if code != status.SUCCESS]


def test_the_reserve_refuses_before_the_disk_is_full_and_reading_goes_on(
    small_disk: Path, tmp_path: Path
) -> None:
    with on_disk(small_disk, tmp_path, 6 * MEGABYTE) as gateway:
        taken, refused = fill(gateway)
        assert 5 < len(taken) < 11
        assert set(refused) == {status.OUT_OF_RESOURCES}
        assert shutil.disk_usage(small_disk).free >= 5 * MEGABYTE
        gateway.index()
        answer = gateway.get("/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.1.1", "1.2.3.4")
        assert answer.status_code == 200
        assert len(answer.get_data()) > MEGABYTE
        assert rows(gateway, StoredObject) == len(taken)


@pytest.mark.parametrize("reserve", [6 * MEGABYTE, 0], ids=["before trouble", "to the brim"])
def test_a_full_disk_answers_507_keeps_what_it_acknowledged_and_resumes(
    small_disk: Path, tmp_path: Path, reserve: int
) -> None:
    with on_disk(small_disk, tmp_path, reserve) as gateway:
        answers = {number: upload(gateway, number) for number in range(1, 21)}
        taken = [number for number, (code, _) in answers.items() if code == HTTPStatus.OK]
        full = {answer for answer in answers.values() if answer[0] != HTTPStatus.OK}
        assert 3 < len(taken) < 16
        assert full == {(HTTPStatus.INSUFFICIENT_STORAGE, 0xA700)}
        assert gateway.send(large(99)) == [status.OUT_OF_RESOURCES]
        assert not list((small_disk / "incoming").iterdir())
        assert rows(gateway, StoredObject) == len(taken)
        for name in listed(gateway):
            assert (small_disk / "objects" / name).stat().st_size > MEGABYTE
        for name in listed(gateway)[:3]:
            (small_disk / "objects" / name).unlink()
        assert upload(gateway, 50) == (HTTPStatus.OK, 0)
        assert gateway.send(large(51)) == [status.SUCCESS]


def upload(gateway: Gateway, number: int) -> tuple[int, int]:
    """(HTTP status, failure reason or 0) of STOW-RS with one object of a megabyte."""
    one = large(number)
    one.StudyInstanceUID = "1.1"
    answer = post(gateway, body_of(file_of(one)))
    refused = answer.status_code != HTTPStatus.OK
    return answer.status_code, reasons(answer)[0] if refused else 0


def listed(gateway: Gateway) -> list[str]:
    with reading(gateway.engine) as connection:
        return list(connection.scalars(select(StoredObject.file_name).order_by(StoredObject.id)))


def test_a_full_disk_loses_nothing_acknowledged_and_recovers(
    small_disk: Path, tmp_path: Path
) -> None:
    with on_disk(small_disk, tmp_path, 0) as gateway:
        taken, refused = fill(gateway)
        assert taken
        assert set(refused) == {status.OUT_OF_RESOURCES}
        with reading(gateway.engine) as connection:
            names = connection.execute(select(StoredObject.file_name, StoredObject.size)).all()
        kept = {name: (small_disk / "objects" / name).stat().st_size for name, _ in names}
        assert kept == dict(names)
        assert len(kept) == len(taken)
        assert not list((small_disk / "incoming").iterdir())
        assert gateway.send(large(99)) == [status.OUT_OF_RESOURCES]
        next(small_disk.rglob("*.dcm")).unlink()
        next(small_disk.rglob("*.dcm")).unlink()
        assert gateway.send(large(100)) == [status.SUCCESS]


def test_mutated_objects_are_taken_or_refused_and_nothing_else() -> None:
    found = fuzz_gateway.run(SLICE, seed=7)
    assert found.foreign == []
    assert found.slowest_seconds < fuzz_gateway.LIMIT_SECONDS
    assert sum(found.kinds.values()) == SLICE


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """One element in Explicit VR Little Endian with a long length field."""
    size = len(value) if length is None else length
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, size) + value


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(element(0x7FE10010, b"OB", b"", 0xFFFFFFFE), id="four gigabytes announced"),
        pytest.param(element(0x7FE10010, b"UN", b"abcd", 0x80000000), id="length past the end"),
        pytest.param(
            element(0x7FE11001, b"SQ", b"", 0xFFFFFFFF)
            + (struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
               + element(0x7FE11001, b"SQ", b"", 0xFFFFFFFF)) * 5000,
            id="sequences in sequences",
        ),
    ],
)  # fmt: skip
def test_a_structure_that_only_claims_to_be_large_is_refused(gateway: Gateway, tail: bytes) -> None:
    assert send_bytes(gateway, encode(ct()) + tail) == status.CANNOT_UNDERSTAND
    assert files(gateway) == []
    assert gateway.send(ct()) == [status.SUCCESS]


def test_a_size_that_does_not_fit_the_pixels_gives_no_frames_and_no_harm(
    gateway: Gateway,
) -> None:
    gateway.take_in(ct(Rows=65535, Columns=65535, NumberOfFrames=2**31 - 1))
    base = "/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.1.1"
    assert gateway.get(f"{base}/frames/1", "1.2.3.4").status_code == 404
    assert gateway.get(base, "1.2.3.4").status_code == 200


def test_script_in_every_text_is_data(gateway: Gateway) -> None:
    script = "<script>alert(1)</script>"
    gateway.take_in(ct(PatientName=script, StudyDescription=script, AccessionNumber="<b>"))
    answer = gateway.get("/studies", "1.2.3.4")
    assert answer.headers["Content-Type"].startswith("application/dicom+json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.get_json()[0]["00081030"]["Value"] == [script]


def test_half_open_connections_do_not_keep_others_out(gateway: Gateway) -> None:
    open_ones = [socket.create_connection(("127.0.0.1", gateway.port), 5) for _ in range(HALF_OPEN)]
    try:
        for one in open_ones:
            one.sendall(b"\x01\x00\x00")
        assert gateway.send(ct()) == [status.SUCCESS]
    finally:
        for one in open_ones:
            one.close()
    with reading(gateway.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(StoredObject)) == 1


def test_one_association_too_many_is_asked_to_come_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAXIMUM_ASSOCIATIONS", 2)
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context(Verification)

    def associate() -> Association:
        return entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE)

    first, second, third = associate(), associate(), associate()
    refusal = cast("A_ASSOCIATE", third.acceptor.primitive)
    assert first.is_established
    assert second.is_established
    assert third.is_rejected
    assert (refusal.result, refusal.result_source, refusal.diagnostic) == (0x02, 0x03, 0x02)

    first.release()
    again = associate()
    assert again.is_established
    for one in (second, again):
        one.release()


def test_more_connections_than_there_is_room_for_are_closed_at_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "MAXIMUM_CONNECTIONS", 2)
    with ExitStack() as stack:
        lines = [
            stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 5))
            for _ in range(3)
        ]
        assert lines[2].recv(1) == b""
