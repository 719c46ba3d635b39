"""What comes in by C-STORE: kept, repeated, set aside or refused, each with its status."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE
from sqlalchemy import func, select

from dicom_gateway.dimse import status
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import SetAside, StoredObject, Study
from tests.dicom_gateway.objects import ct, encode, sample
from tests.dicom_gateway.stage import AE_TITLE, Gateway, running, wait_until

if TYPE_CHECKING:
    from pathlib import Path


def send_bytes(gateway: Gateway, body: bytes, instance_uid: str = "1.2.3.4.1.1") -> int:
    """C-STORE arbitrary bytes as a CT image of this identifier; the status that comes back."""
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.2", ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE)
    assert association.is_established
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    request.AffectedSOPInstanceUID = instance_uid
    request.DataSet = io.BytesIO(body)
    try:
        association._reactor_checkpoint.clear()  # as send_c_store does
        wait_until(lambda: association._is_paused, "the reactor stands aside")
        association.dimse.send_msg(request, 1)
        _, answer = association.dimse.get_msg(block=True)
        association._reactor_checkpoint.set()
        assert isinstance(answer, C_STORE)
        assert answer.Status is not None
        return int(answer.Status)
    finally:
        association.release()


def rows(gateway: Gateway, table: type) -> int:
    with reading(gateway.engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def files(gateway: Gateway) -> list[Path]:
    """Every object file, finished or not."""
    return [path for path in gateway.settings.var.rglob("*") if path.suffix in {".dcm", ".part"}]


def test_the_same_object_again_is_acknowledged_without_effect(any_gateway: Gateway) -> None:
    assert any_gateway.send(ct(), ct()) == [status.SUCCESS, status.SUCCESS]
    assert rows(any_gateway, StoredObject) == 1
    assert rows(any_gateway, SetAside) == 0
    assert len(files(any_gateway)) == 1


def test_another_object_under_the_same_identifier_is_kept_beside_and_not_shown(
    any_gateway: Gateway,
) -> None:
    other = ct(StudyDescription="Changed")
    assert any_gateway.send(ct(), other, other) == [status.SUCCESS] * 3
    assert rows(any_gateway, StoredObject) == 1
    assert rows(any_gateway, SetAside) == 1
    assert len(files(any_gateway)) == 2
    any_gateway.index()
    listed = any_gateway.get("/studies", "1.2.3.4").get_data(as_text=True)
    assert "Chest" in listed
    assert "Changed" not in listed


def test_another_patient_in_the_same_study_is_kept_but_not_shown(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(), ct(number=2, PatientID="A-2", PatientName="Other^Person"))
    listed = any_gateway.get("/studies/1.2.3.4/instances", "1.2.3.4").get_json()
    assert len(listed) == 1
    with reading(any_gateway.engine) as connection:
        assert list(connection.scalars(select(StoredObject.note).order_by(StoredObject.id))) == [
            "",
            "another patient in this study",
        ]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("uid", ["../../x", "/etc/passwd", "1.2.3.a", "1..2/../x", "..\\x"])
def test_an_identifier_that_could_be_a_path_is_refused(gateway: Gateway, uid: str) -> None:
    assert send_bytes(gateway, encode(ct()), uid) == status.CANNOT_UNDERSTAND
    assert files(gateway) == []


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_a_data_set_without_its_identifiers_is_refused(gateway: Gateway, keyword: str) -> None:
    data_set = ct()
    del data_set[keyword]
    assert send_bytes(gateway, encode(data_set)) == status.CANNOT_UNDERSTAND
    assert files(gateway) == []


def test_a_hostile_study_identifier_is_refused(gateway: Gateway) -> None:
    body = encode(ct()).replace(b"1.2.3.4\0", b"../../x\0", 1)
    assert send_bytes(gateway, body) == status.CANNOT_UNDERSTAND
    assert rows(gateway, StoredObject) == 0


def test_a_truncated_object_is_refused(gateway: Gateway) -> None:
    whole = encode(ct())
    assert send_bytes(gateway, whole[:-100]) == status.CANNOT_UNDERSTAND
    inside = whole.index(b"MONOCHROME2") + 4
    assert send_bytes(gateway, whole[:inside]) == status.CANNOT_UNDERSTAND
    assert (rows(gateway, StoredObject), files(gateway)) == (0, [])


@pytest.mark.parametrize("body", [b"<html>", b"\0" * 5000, b"%PDF-1.4" * 99], ids=len)
def test_what_is_not_dicom_is_refused(gateway: Gateway, body: bytes) -> None:
    assert send_bytes(gateway, body) == status.CANNOT_UNDERSTAND
    assert files(gateway) == []


def test_an_object_other_than_announced_is_refused(gateway: Gateway) -> None:
    assert send_bytes(gateway, encode(ct()), "1.2.3.99") == status.DATA_SET_DOES_NOT_MATCH
    assert files(gateway) == []


def test_after_a_refusal_the_next_object_is_taken(gateway: Gateway) -> None:
    assert send_bytes(gateway, b"junk" * 50) == status.CANNOT_UNDERSTAND
    assert gateway.send(ct()) == [status.SUCCESS]


def test_an_object_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, maximum_object_bytes=800) as small:
        assert small.send(ct()) == [status.OUT_OF_RESOURCES]
        assert files(small) == []


def test_a_disk_that_takes_nothing_is_out_of_resources(gateway: Gateway) -> None:
    incoming = gateway.settings.var / "incoming"
    incoming.rmdir()
    assert gateway.send(ct()) == [status.OUT_OF_RESOURCES]
    incoming.mkdir()
    assert gateway.send(ct()) == [status.SUCCESS]


def test_an_index_that_refused_once_takes_the_next_object(gateway: Gateway) -> None:
    assert gateway.send(ct(number=1)) == [status.SUCCESS]
    with gateway.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    assert gateway.send(ct(number=2)) == [status.OUT_OF_RESOURCES]
    with gateway.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    assert gateway.send(ct(number=2), ct(number=3)) == [status.SUCCESS, status.SUCCESS]
    assert rows(gateway, StoredObject) == 3


def test_another_called_title_is_rejected(gateway: Gateway) -> None:
    with pytest.raises(AssertionError, match="refused"):
        gateway.send(ct(), ae_title="SOMEONE")


def test_only_listed_callers_are_let_in(tmp_path: Path) -> None:
    with (
        running(tmp_path, calling_ae_titles=("CT1",)) as strict,
        pytest.raises(AssertionError, match="refused"),
    ):
        strict.send(ct())
    with running(tmp_path, calling_ae_titles=("CT1", "MODALITY")) as open_to_us:
        assert open_to_us.send(ct()) == [status.SUCCESS]


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "JPGExtended.dcm",
        "image_dfl.dcm",
        "examples_ybr_color.dcm",
        "waveform_ecg.dcm",
        "rtplan.dcm",
        "test-SR.dcm",
    ],
)
def test_every_transfer_syntax_and_storage_class_is_taken_as_it_comes(
    gateway: Gateway, name: str
) -> None:
    sent = sample(name)
    gateway.take_in(sent)
    [path] = files(gateway)
    kept = dcmread(path)
    assert kept.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    assert kept == sent
    with reading(gateway.engine) as connection:
        assert connection.scalar(select(StoredObject.state)) == "indexed"
        assert connection.scalar(select(Study.instance_count)) == 1
