"""A study goes to the PACS under the local patient's id; what is stored stays as it came."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.tag import Tag
from pynetdicom import AE, evt

from dicom_gateway import push
from dicom_gateway.assembly import build_store
from dicom_gateway.dimse import status
from dicom_gateway.errors import BadRequest
from dicom_gateway.index.engine import reading
from dicom_gateway.index.retrieval import Selection, selected_files
from dicom_gateway.peers import Peer
from dicom_gateway.reconcile import LocalPatient
from tests.dicom_gateway.objects import charset_sample, ct, encode, sample
from tests.dicom_gateway.stage import free_port, running

if TYPE_CHECKING:
    from pathlib import Path

    from pynetdicom.events import Event

CT = "1.2.840.10008.5.1.4.1.1.2"


def wanted(**changes: str) -> Namespace:
    right = {"study": "1.2.3.4", "to": "PACS", "patient_id": "L-77", "issuer": "HOSPITAL-B"}
    return Namespace(**{**right, "source": "HOSPITAL-A", **changes})


def test_the_pacs_gets_the_local_identity_and_the_origin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, heard = free_port(), list[Dataset]()

    def keep(event: Event) -> int:
        heard.append(event.dataset)
        return status.SUCCESS

    entity = AE(ae_title="PACS")
    entity.add_supported_context(CT)
    handlers: Any = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    peers = (Peer("MODALITY", "127.0.0.1"), Peer("PACS", "127.0.0.1", port))
    with running(tmp_path, peer=peers) as gateway:
        gateway.take_in(ct(), charset_sample("chrH32.dcm", 7))
        assert push.run(gateway.settings, wanted()) == 0
        assert push.run(gateway.settings, wanted(study="1.2.3.7")) == 0
        with reading(gateway.engine) as connection:
            [kept] = selected_files(connection, Selection(studies=("1.2.3.4",)))
        path = build_store(gateway.settings).path(kept.file_name)
        assert encode(dcmread(path)) == encode(ct())
    server.shutdown()  # type: ignore[union-attr]
    assert capsys.readouterr().out == "1 objects taken by PACS\n" * 2
    sent, japanese = heard
    assert (sent.PatientID, sent.IssuerOfPatientID) == ("L-77", "HOSPITAL-B")
    assert sent.SOPInstanceUID == ct().SOPInstanceUID
    assert sent.PixelData == ct().PixelData
    [origin] = sent.OriginalAttributesSequence
    assert origin.ModifiedAttributesSequence[0].PatientID == "A-1"
    assert (origin.SourceOfPreviousValues, origin.ModifyingSystem) == ("HOSPITAL-A", "TSUNAGU")
    assert origin.ReasonForTheAttributeModification == "COERCE"
    [equipment] = sent.ContributingEquipmentSequence
    assert equipment.PurposeOfReferenceCodeSequence[0].CodeValue == "109103"
    assert str(japanese.PatientName) == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"


CHANGED = (
    "PatientID",
    "IssuerOfPatientID",
    "OriginalAttributesSequence",
    "ContributingEquipmentSequence",
)


def test_everything_but_the_identity_arrives_as_it_is_stored(tmp_path: Path) -> None:
    port, heard = free_port(), list[Dataset]()
    padded = ct(study="1.2.3.8", NumberOfFrames=4, PixelData=bytes(range(256)) * 8)
    padded.DataSetTrailingPadding = bytes(32)
    names = ("JPEG2000.dcm", "image_dfl.dcm", "ExplVR_BigEnd.dcm", "reportsi.dcm")
    sent = [padded, *map(sample, names)]

    def keep(event: Event) -> int:
        heard.append(event.dataset)
        return status.SUCCESS

    entity = AE(ae_title="PACS")
    for one in sent:
        entity.add_supported_context(one.SOPClassUID, one.file_meta.TransferSyntaxUID)
    handlers: Any = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    peers = (Peer("MODALITY", "127.0.0.1"), Peer("PACS", "127.0.0.1", port))
    with running(tmp_path, peer=peers) as gateway:
        gateway.take_in(*sent)
        for one in sent:
            assert push.run(gateway.settings, wanted(study=str(one.StudyInstanceUID))) == 0
    server.shutdown()  # type: ignore[union-attr]
    assert [one.PatientID for one in heard] == ["L-77"] * 5
    for before, after in zip(sent, heard, strict=True):
        bare = [Dataset(one) for one in (before, after)]
        for one in bare:
            lengths = [each.tag for each in list(one) if each.tag.element == 0]
            for tag in (*map(Tag, CHANGED), *lengths):
                one.pop(tag, None)
        assert bare[0].to_json() == bare[1].to_json()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"study": "9.9"}, "no such study is here"),
        ({"study": "../x"}, "digits and dots"),
        ({"to": "NOBODY"}, "no peer NOBODY"),
        ({"to": "AWAY"}, "does not accept"),
        ({"patient_id": " "}, "patient id is needed"),
    ],
    ids=str,
)
def test_what_cannot_be_pushed_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], said: str
) -> None:
    port = free_port()
    peers = (
        Peer("MODALITY", "127.0.0.1"),
        Peer("PACS", "127.0.0.1", port),
        Peer("AWAY", "127.0.0.1", port),
    )
    with running(tmp_path, peer=peers) as gateway:
        gateway.take_in(ct())
        assert push.run(gateway.settings, wanted(**changes)) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "a\\b", "x" * 65, "山田", "a\nb"])
def test_a_patient_id_is_one_value(text: str) -> None:
    with pytest.raises(BadRequest):
        LocalPatient(text)
