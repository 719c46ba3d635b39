"""C-FIND as the hospital's own systems ask it, from our library and from a foreign program."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import Dataset
from pynetdicom import AE

from dicom_gateway.dimse import find, status
from dicom_gateway.peers import Peer, Right
from tests.dicom_gateway.objects import charset_sample, ct
from tests.dicom_gateway.stage import AE_TITLE, Gateway, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEERS = (
    Peer("MODALITY", "127.0.0.1"),
    Peer("DESK", "127.0.0.1", 0, frozenset({Right.QUERY})),
)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Three patients; a listed modality and a listed desk."""
    with running(tmp_path_factory.mktemp("gateway"), peer=PEERS) as gateway:
        gateway.take_in(
            ct(number=1),
            ct(number=2),
            ct("1.2.9", PatientID="B-2", PatientName="Rei^Hanako", StudyDate="20250101"),
            charset_sample("chrH32.dcm", 7),
        )
        yield gateway


def ask(gateway: Gateway, level: str, model: str = find.STUDY_ROOT, **keys: Any) -> list[Dataset]:
    """All answers to one question; the last status is kept as an answer's ``Status``."""
    question = Dataset()
    question.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(question, keyword, value)
    entity = AE(ae_title="DESK")
    entity.add_requested_context(model)
    association = entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE)
    assert association.is_established
    found = list(association.send_c_find(question, model))
    association.release()
    last = Dataset()
    last.Status = found[-1][0].Status
    return [answer for _, answer in found[:-1] if answer is not None] + [last]


def uids(found: list[Dataset], keyword: str = "StudyInstanceUID") -> list[str]:
    return [str(answer[keyword].value) for answer in found[:-1]]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["1.2.3.4", "1.2.9", "1.2.3.7"]),
        ({"PatientID": "A-1"}, ["1.2.3.4"]),
        ({"PatientID": "?-*"}, ["1.2.3.4", "1.2.9"]),
        ({"PatientName": "mihon*"}, ["1.2.3.4"]),
        ({"PatientName": "やまだ*"}, ["1.2.3.7"]),
        ({"StudyInstanceUID": ["1.2.9", "1.2.3.4"]}, ["1.2.3.4", "1.2.9"]),
        ({"StudyDate": "20260101-"}, ["1.2.3.4"]),
        ({"StudyDate": "-20251231"}, ["1.2.9"]),
        ({"StudyDate": "20260701", "StudyTime": "100000-110000"}, ["1.2.3.4"]),
        ({"StudyDate": "20260701", "StudyTime": "110000-"}, []),
        ({"ModalitiesInStudy": "MR"}, []),
        ({"AccessionNumber": "*", "PatientID": "B-2"}, ["1.2.9"]),
        ({"BodyPartExamined": "CHEST", "PatientID": "B-2"}, ["1.2.9"]),
        ({"OtherPatientIDsSequence": [Dataset()], "PatientID": "B-2"}, ["1.2.9"]),
    ],
    ids=str,
)
def test_studies_are_found_by_every_kind_of_matching(
    hospital: Gateway, keys: dict[str, Any], expected: list[str]
) -> None:
    sets = {"SpecificCharacterSet": "ISO_IR 192"}
    found = ask(hospital, "STUDY", **{"StudyInstanceUID": "", **sets, **keys})
    assert found[-1].Status == status.SUCCESS
    assert sorted(uids(found)) == sorted(expected)


def test_every_level_answers_what_was_asked(hospital: Gateway) -> None:
    [patient, *_] = ask(hospital, "PATIENT", find.PATIENT_ROOT, PatientID="A-1", PatientName="")
    assert (patient.PatientID, str(patient.PatientName)) == ("A-1", "Mihon^Tarou")
    [study, _] = ask(
        hospital, "STUDY", PatientID="A-1", NumberOfStudyRelatedInstances="", StudyComments=""
    )
    assert (study.NumberOfStudyRelatedInstances, study.RetrieveAETitle) == (2, AE_TITLE)
    assert study.StudyInstanceUID == "1.2.3.4"
    [series, _] = ask(hospital, "SERIES", StudyInstanceUID="1.2.3.4", Modality="", PatientName="")
    assert (series.Modality, series.SeriesInstanceUID) == ("CT", "1.2.3.4.1")
    assert str(series.PatientName) == "Mihon^Tarou"
    images = ask(
        hospital, "IMAGE", StudyInstanceUID="1.2.3.4", SeriesInstanceUID="1.2.3.4.1", Rows=None
    )
    assert uids(images, "SOPInstanceUID") == ["1.2.3.4.1.1", "1.2.3.4.1.2"]
    assert [image.Rows for image in images[:-1]] == [16, 16]


def test_patients_stand_once(hospital: Gateway) -> None:
    found = ask(hospital, "PATIENT", find.PATIENT_ROOT, PatientID="")
    assert len(found) == 4


@pytest.mark.parametrize(
    ("requested", "answered"),
    [
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], ["ISO 2022 IR 13", "ISO 2022 IR 87"]),
        (["", "ISO 2022 IR 87"], "ISO_IR 192"),
        ("ISO_IR 192", "ISO_IR 192"),
        ("ISO_IR 100", "ISO_IR 192"),
        (None, "ISO_IR 192"),
    ],
    ids=str,
)
def test_answers_keep_the_character_set_of_the_request_if_it_carries_the_text(
    hospital: Gateway, requested: Any, answered: Any
) -> None:
    keys = {"StudyInstanceUID": "1.2.3.7", "PatientName": ""}
    if requested is not None:
        keys = {"SpecificCharacterSet": requested, **keys}
    [answer, _] = ask(hospital, "STUDY", **keys)
    assert answer.SpecificCharacterSet == answered
    assert str(answer.PatientName) == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"


def test_a_name_in_ascii_needs_no_other_character_set(hospital: Gateway) -> None:
    [answer, _] = ask(hospital, "STUDY", PatientID="A-1", PatientName="")
    assert "SpecificCharacterSet" not in answer


@pytest.mark.parametrize(
    ("level", "model"), [("PATIENT", find.STUDY_ROOT), ("FRAME", find.PATIENT_ROOT)]
)
def test_a_level_the_model_does_not_have_is_refused(
    hospital: Gateway, level: str, model: str
) -> None:
    [last] = ask(hospital, level, model, PatientID="")
    assert last.Status == status.IDENTIFIER_DOES_NOT_MATCH


def test_more_than_one_request_may_answer_ends_as_out_of_resources(
    hospital: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "MOST_ANSWERS", 1)
    *answers, last = ask(hospital, "STUDY", StudyInstanceUID="")
    assert (len(answers), last.Status) == (1, status.OUT_OF_RESOURCES)


def test_a_peer_without_the_right_is_not_offered_the_service(hospital: Gateway) -> None:
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context(find.STUDY_ROOT)
    entity.add_requested_context("1.2.840.10008.1.1")
    association = entity.associate("127.0.0.1", hospital.port, ae_title=AE_TITLE)
    assert [cx.abstract_syntax for cx in association.rejected_contexts] == [find.STUDY_ROOT]
    association.release()


def test_a_peer_that_may_only_ask_stores_nothing(hospital: Gateway) -> None:
    entity = AE(ae_title="DESK")
    new = ct("1.2.77")
    entity.add_requested_context(new.SOPClassUID, new.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", hospital.port, ae_title=AE_TITLE)
    assert association.send_c_store(new).Status == status.NOT_AUTHORIZED
    association.release()
    hospital.index()
    assert uids(ask(hospital, "STUDY", StudyInstanceUID="1.2.77")) == []


def test_who_is_not_listed_does_not_associate(hospital: Gateway) -> None:
    entity = AE(ae_title="STRANGER")
    entity.add_requested_context("1.2.840.10008.1.1")
    association = entity.associate("127.0.0.1", hospital.port, ae_title=AE_TITLE)
    assert association.is_rejected


def test_findscu_finds(hospital: Gateway, tmp_path: Path) -> None:
    where = ["-aet", "DESK", "-aec", AE_TITLE, "127.0.0.1", str(hospital.port)]
    keys = ["QueryRetrieveLevel=STUDY", "PatientName=MIHON*", "StudyInstanceUID", "StudyDate"]
    options = [part for key in keys for part in ("-k", key)]
    done = subprocess.run(  # noqa: S603
        ["/usr/bin/findscu", "-S", "-X", "-od", str(tmp_path), *options, *where],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("rsp*.dcm"))) == 1
