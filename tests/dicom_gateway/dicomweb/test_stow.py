"""STOW-RS: who may store, what is said about each object, and bodies that are wrong."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from dicom_gateway.dicomweb.upload import Parts, read_meta
from dicom_gateway.errors import BadRequest, NotDicom, UploadTooLarge
from tests.dicom_gateway.objects import ct, encode, sample
from tests.dicom_gateway.stage import Gateway, running

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset
    from werkzeug.test import TestResponse

KIND = 'multipart/related; type="application/dicom"; boundary=edge'


def file_of(data_set: Dataset) -> bytes:
    """A DICOM file, with a preamble that another format could hide in."""
    out = io.BytesIO()
    data_set.save_as(out, enforce_file_format=True)
    return b"MZ" + bytes(126) + out.getvalue()[128:]


def body_of(*files: bytes) -> bytes:
    """Files as the parts of a body."""
    head = b"--edge\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + file + b"\r\n" for file in files) + b"--edge--"


def post(
    gateway: Gateway, body: bytes, path: str = "/studies", *, kind: str = KIND, **claims: Any
) -> TestResponse:
    """A store request with a token that may, for the studies 1.1 and 1.2."""
    token = gateway.token("1.1", "1.2", **{"store": True, **claims})
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/dicom+json"}
    return gateway.client.post(f"/dicom-web{path}", data=body, content_type=kind, headers=headers)


def reasons(answer: TestResponse, tag: str = "00081198") -> list[int]:
    """The failure reasons an answer gives."""
    return [one["00081197"]["Value"][0] for one in answer.get_json()[tag]["Value"]]


def test_objects_are_stored_listed_and_given_back_as_they_were(any_gateway: Gateway) -> None:
    first, second, loop = ct("1.1", 1), ct("1.1", 2), sample("MR_small_RLE.dcm")
    loop.StudyInstanceUID = "1.2"
    answer = post(any_gateway, body_of(*map(file_of, (first, second, loop))))
    assert answer.status_code == 200
    found = answer.get_json()
    stored = [one["00081155"]["Value"][0] for one in found["00081199"]["Value"]]
    assert stored == ["1.1.1.1", "1.1.1.2", str(loop.SOPInstanceUID)]
    assert "00081198" not in found
    any_gateway.index()
    path = "/studies/1.1/series/1.1.1/instances/1.1.1.1"
    back = any_gateway.get(path, "1.1", accept="application/dicom").data
    assert back[:128] == bytes(128)
    assert back.endswith(encode(first))


def test_repeated_bytes_are_fine_and_other_bytes_are_said_to_be_refused(gateway: Gateway) -> None:
    assert post(gateway, body_of(file_of(ct("1.1")))).status_code == 200
    again = post(gateway, body_of(file_of(ct("1.1"))), "/studies/1.1")
    assert again.status_code == 200
    assert again.get_json()["00081190"]["Value"] == ["http://localhost/dicom-web/studies/1.1"]
    other = post(gateway, body_of(file_of(ct("1.1", PatientName="Other^Name"))))
    assert (other.status_code, reasons(other)) == (409, [0x0111])


def test_each_object_is_judged_alone(gateway: Gateway) -> None:
    foreign = file_of(ct("9.9"))
    cut = file_of(ct("1.1", 3))[:-20]
    liar = file_of(ct("1.1", 4)).replace(b"1.1.1.4", b"1.1.1.5", 1)
    answer = post(gateway, body_of(foreign, file_of(ct("1.1")), cut, b"no file", liar, b""))
    assert answer.status_code == 202
    assert reasons(answer) == [0x0124, 0xC000, 0xA900]
    assert reasons(answer, "0008119A") == [0xC000, 0xC000]
    gateway.index()
    assert [one["00080018"]["Value"][0] for one in gateway.get("/instances", "1.1").get_json()] == [
        "1.1.1.1"
    ]
    assert gateway.get("/studies", "9.9").get_json() == []
    assert not list((gateway.settings.var / "incoming").iterdir())


def test_a_study_in_the_path_binds_every_object(gateway: Gateway) -> None:
    answer = post(gateway, body_of(file_of(ct("1.2"))), "/studies/1.1")
    assert (answer.status_code, reasons(answer)) == (409, [0x0124])
    assert post(gateway, body_of(file_of(ct("9.9"))), "/studies/9.9").status_code == 404


@pytest.mark.parametrize("path", ["/studies", "/studies/1.1"])
def test_only_a_token_that_says_so_may_store(gateway: Gateway, path: str) -> None:
    body = body_of(file_of(ct("1.1")))
    reading = post(gateway, body, path, store=None)
    assert (reading.status_code, reading.get_json()["code"]) == (403, "token-may-not")
    for claim in (False, "true", 1):
        assert post(gateway, body, path, store=claim).status_code == 401
    none = gateway.client.post(f"/dicom-web{path}", data=body, content_type=KIND)
    assert none.status_code == 401
    gateway.index()
    assert gateway.get("/studies", "1.1").get_json() == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/dicom", b"x", 415),
        ('multipart/form-data; type="application/dicom"; boundary=edge', body_of(b"x"), 415),
        ('multipart/related; type="application/dicom+json"; boundary=edge', body_of(b"x"), 415),
        ("multipart/related; boundary=edge", body_of(b"x"), 415),
        ('multipart/related; type="application/dicom"', body_of(b"x"), 400),
        (KIND, b"--edge\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--edge--", 415),
        (KIND, b"--edge\r\nContent-Type: application/dicom\r\n\r\nhalf a part", 400),
        (KIND, b"--edge\r\n" + b"x: y\r\n" * 3000 + b"\r\nx\r\n--edge--", 400),
        (KIND, b"", 400),
        (KIND, b"--edge--", 400),
        (KIND, body_of(b"x"), 409),
    ],
)
def test_a_body_that_is_wrong_is_refused(
    gateway: Gateway, kind: str, body: bytes, status: int
) -> None:
    assert post(gateway, body, kind=kind).status_code == status


def test_what_is_too_large_or_finds_no_room_is_said_as_such(tmp_path: Path) -> None:
    with running(tmp_path, maximum_object_bytes=2000) as gateway:
        assert post(gateway, body_of(bytes(4000))).status_code == 413
        folder = gateway.settings.var / "incoming"
        folder.rmdir()
        full = post(gateway, body_of(file_of(ct("1.1"))))
        assert (full.status_code, reasons(full)) == (507, [0xA700])


class Drip(io.BytesIO):
    """A body that comes byte by byte."""

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        """One byte."""
        return super().read(min(1, size if size is not None else 1))


def test_parts_are_cut_right_however_the_bytes_come() -> None:
    contents = [b"", b"\r\n", b"\r\n--edg", b"--edge", b"x" * 300]
    for body in (io.BytesIO(body_of(*contents)), Drip(body_of(*contents))):
        assert [b"".join(part) for part in Parts(body, b"edge", most_bytes=9999)] == contents


def test_a_body_without_length_is_stopped_at_the_limit() -> None:
    with pytest.raises(UploadTooLarge):
        list(map(list, Parts(Drip(body_of(bytes(500))), b"edge", most_bytes=400)))
    with pytest.raises(BadRequest):
        list(map(list, Parts(io.BytesIO(b"--edge\r\n"), b"edge", most_bytes=400)))


def test_the_head_of_a_file_is_read_as_soon_as_it_is_whole() -> None:
    whole = file_of(ct("1.1"))
    meta = read_meta(whole)
    assert meta is not None
    assert meta.claim.sop_instance_uid == "1.1.1.1"
    assert whole[meta.end :] == encode(ct("1.1"))
    assert read_meta(whole[: meta.end - 1]) is None
    for wrong in (bytes(200), whole[:128] + b"DICX" + whole[132:]):
        with pytest.raises(NotDicom):
            read_meta(wrong)


@pytest.mark.parametrize(("length", "status"), [(70, 200), (73, 200), (201, 400)])
def test_a_boundary_longer_than_the_rule_is_understood(
    gateway: Gateway, length: int, status: int
) -> None:
    edge = "e" * length
    body = body_of(file_of(ct("1.1", 1))).replace(b"--edge", f"--{edge}".encode())
    assert post(gateway, body, kind=KIND.replace("edge", edge)).status_code == status
