"""QIDO-RS: every path, every rule of matching, fields, pages and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom import Dataset

from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import Gateway, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

SEEN = ("1.1", "1.2", "1.3")
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"


def code(value: str) -> Dataset:
    """One coded procedure."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99T", f"code {value}"
    return item


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Three studies that the token names and one that it does not."""
    second: dict[str, Any] = {"SeriesInstanceUID": "1.1.2", "SeriesNumber": 2, "Modality": "SR"}
    with running(tmp_path_factory.mktemp("qido")) as gateway:
        gateway.take_in(
            ct("1.1", 1, StudyDate="20260101", PatientBirthDate="19700101", PatientSex="F"),
            ct("1.1", 2, SliceThickness="2.5", ImageComments="<b>first</b>"),
            ct("1.1", 3, SOPInstanceUID="1.1.2.3", BodyPartExamined="CHEST", **second),
            ct("1.2", StudyDate="20260201", PatientID="B-2", ReferringPhysicianName="Mihon^Rei"),
            ct(
                "1.3",
                StudyDate="20260301",
                StudyTime="083015.5",
                PatientID="C%2A",
                PatientWeight="61.5",
                ProcedureCodeSequence=[code("X1"), code("X2")],
            ),
            ct("1.4", StudyDate="20260401"),
        )
        yield gateway


def get(gateway: Gateway, path: str, accept: str = "application/dicom+json") -> TestResponse:
    """An answer for the token's three studies."""
    return gateway.get(path, *SEEN, accept=accept)


def found(gateway: Gateway, path: str, tag: str = STUDY) -> list[str]:
    """The identifiers in an answer."""
    answer = get(gateway, path)
    assert answer.status_code == 200, answer.data
    return [one[tag]["Value"][0] for one in answer.get_json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["1.3", "1.2", "1.1"]),
        ("PatientBirthDate=19700101", ["1.1"]),
        ("PatientBirthDate=19600101-19800101", ["1.1"]),
        ("00100040=F", ["1.1"]),
        ("PatientSex=", ["1.3", "1.2", "1.1"]),
        ("StudyTime=0830", ["1.3"]),
        ("StudyTime=-0900", ["1.3"]),
        ("StudyTime=0900-1200", ["1.2", "1.1"]),
        ("StudyDate=20260101-20260228&StudyTime=101500", ["1.2", "1.1"]),
        ("ReferringPhysicianName=mihon*", ["1.2"]),
        ("StudyDescription=Ch?st", ["1.3", "1.2", "1.1"]),
        ("StudyDescription=chest", []),
        ("PatientWeight=61.50", ["1.3"]),
        ("NumberOfStudyRelatedInstances=3", ["1.1"]),
        ("ModalitiesInStudy=SR", ["1.1"]),
        ("StudyInstanceUID=1.1%5C1.2,1.4", ["1.2", "1.1"]),
        ("ProcedureCodeSequence.CodeValue=X2", ["1.3"]),
        ("00081032.00080100=X3", []),
        ("PatientID=C%252A", ["1.3"]),
        ("PatientID=C%2A", ["1.3"]),
        ("PatientID=*%25*", ["1.3"]),
        ("PatientSex=F&limit=1", ["1.1"]),
        ("StudyDescription=Chest&limit=1&offset=1", ["1.2"]),
    ],
)
def test_studies_are_matched_by_any_attribute_of_theirs(
    filled: Gateway, query: str, expected: list[str]
) -> None:
    assert found(filled, f"/studies?{query}") == expected


@pytest.mark.parametrize(
    ("path", "tag", "expected"),
    [
        ("/series", SERIES, ["1.3.1", "1.2.1", "1.1.1", "1.1.2"]),
        ("/series?Modality=SR", SERIES, ["1.1.2"]),
        ("/series?PatientID=B-2", SERIES, ["1.2.1"]),
        ("/studies/1.1/series?SeriesNumber=2", SERIES, ["1.1.2"]),
        ("/studies/1.1/series?SeriesInstanceUID=1.1.1,1.1.2", SERIES, ["1.1.1", "1.1.2"]),
        ("/studies/1.1/series?BodyPartExamined=CHEST", SERIES, ["1.1.2"]),
        ("/instances?limit=2", INSTANCE, ["1.3.1.1", "1.2.1.1"]),
        ("/instances?offset=2", INSTANCE, ["1.1.1.1", "1.1.1.2", "1.1.2.3"]),
        ("/instances?StudyDate=20260101&InstanceNumber=2", INSTANCE, ["1.1.1.2"]),
        ("/instances?StudyInstanceUID=1.1&Modality=SR", INSTANCE, ["1.1.2.3"]),
        ("/studies/1.1/instances", INSTANCE, ["1.1.1.1", "1.1.1.2", "1.1.2.3"]),
        ("/studies/1.1/instances?SOPInstanceUID=1.1.1.2", INSTANCE, ["1.1.1.2"]),
        ("/studies/1.1/series/1.1.1/instances?SliceThickness=2.5", INSTANCE, ["1.1.1.2"]),
        ("/studies/1.1/series/1.1.2/instances?limit=0", INSTANCE, []),
    ],
)
def test_series_and_instances_are_found_below_any_path(
    filled: Gateway, path: str, tag: str, expected: list[str]
) -> None:
    assert found(filled, path, tag) == expected


def test_a_list_across_studies_says_whose_each_line_is(filled: Gateway) -> None:
    [series] = get(filled, "/series?PatientID=B-2").get_json()
    assert series["00100020"]["Value"] == ["B-2"]
    assert series["00081190"]["Value"] == ["http://localhost/dicom-web/studies/1.2/series/1.2.1"]
    [instance] = get(filled, "/instances?PatientID=B-2").get_json()
    assert instance["00100020"]["Value"] == ["B-2"]
    assert instance["00080060"]["Value"] == ["CT"]
    assert instance["00081190"]["Value"][0].endswith("/studies/1.2/series/1.2.1/instances/1.2.1.1")
    below = get(filled, "/studies/1.2/series").get_json()[0]
    assert "00100020" not in below


def test_fields_beyond_the_usual_come_from_what_was_read_at_ingest(filled: Gateway) -> None:
    one = "/studies?StudyInstanceUID=1.3"
    plain = get(filled, one).get_json()[0]
    assert "00101030" not in plain
    for field in ("00101030", "PatientWeight", "PatientSex,PatientWeight", "all"):
        [line] = get(filled, f"{one}&includefield={field}").get_json()
        assert line["00101030"]["Value"] == [61.5]
        assert line.keys() > plain.keys()
        assert list(line) == sorted(line)
    [line] = get(filled, f"{one}&includefield=ProcedureCodeSequence.CodeValue").get_json()
    assert line["00081032"]["Value"] == [
        {"00080100": {"vr": "SH", "Value": ["X1"]}},
        {"00080100": {"vr": "SH", "Value": ["X2"]}},
    ]
    assert get(filled, f"{one}&includefield=Modality&includefield=Rows").get_json() == [plain]
    path = "/studies/1.1/series/1.1.1/instances"
    comment = get(filled, f"{path}?includefield=ImageComments").get_json()[1]
    assert comment["00204000"]["Value"] == ["<b>first</b>"]
    everything = get(filled, f"{path}?includefield=all").get_json()[0]
    assert everything["7FE00010"]["BulkDataURI"].endswith("/bulkdata/7FE00010")
    assert everything["00081190"]["Value"][0].startswith("http://localhost/dicom-web/")


def test_nothing_beyond_the_token_is_found_by_any_path_or_key(filled: Gateway) -> None:
    for path in ("/studies", "/series", "/instances"):
        for query in ("StudyInstanceUID=1.4", "StudyDate=20260401", "includefield=all"):
            assert "1.4" not in found(filled, f"{path}?{query}")
    assert get(filled, "/studies/1.4/series").status_code == 404
    assert get(filled, "/studies/1.1/series/1.2.1/instances").status_code == 404


def test_no_match_is_an_empty_list(filled: Gateway) -> None:
    for path in ("/studies?PatientID=nobody", "/series?Modality=XX", "/instances?PatientSex=M"):
        answer = get(filled, path)
        assert (answer.status_code, answer.data) == (200, b"[]")
        assert answer.headers["Content-Type"] == "application/dicom+json"


def test_what_was_not_honoured_and_what_is_left_is_said(filled: Gateway) -> None:
    query = "fuzzymatching=true&emptyvaluematching=true&multiplevaluematching=TRUE&limit=2"
    warnings = get(filled, f"/studies?{query}").headers.getlist("Warning")
    service = "299 http://localhost/dicom-web: "
    assert all(text.startswith(service) for text in warnings)
    for name in ("fuzzymatching", "emptyvaluematching", "multiplevaluematching"):
        literal = (
            f"The {name} parameter is not supported. Only literal matching has been performed."
        )
        assert service + literal in warnings
    assert service + "There are additional results that can be requested." in warnings
    assert "Warning" not in get(filled, "/studies?limit=2&offset=1&fuzzymatching=false").headers


@pytest.mark.parametrize(
    "query",
    [
        "PatientID=%83%84%83%7D",
        "PatientBirthDate=1970",
        "StudyDate=-",
        "StudyDate=20260101-20260102-20260103",
        "StudyTime=noon",
        "StudyTime=8",
        "includefield=NoSuchField",
        "includefield=00081032.nothing",
        "Rows=16",
        "SeriesNumber=1",
        "PatientID=A-1&PatientID=B-2",
        ".".join(["ProcedureCodeSequence"] * 9) + "=1",
        "&".join(f"{number:08X}=1" for number in range(0x00100040, 0x00100062)),
        f"StudyDescription={'x' * 20000}",
        "limit=1e3",
        "offset=99999999999",
    ],
)
def test_a_query_that_makes_no_sense_is_told_what_would(filled: Gateway, query: str) -> None:
    answer = get(filled, f"/studies?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/dicom+json", 200),
        ("application/json", 200),
        ("application/*", 200),
        ("*/*", 200),
        ("", 200),
        ("text/html, application/dicom+json;q=0.5", 200),
        ("text/html", 406),
        ("application/dicom+json;q=0", 406),
        ("image/jpeg", 406),
    ],
)
def test_lists_are_json_or_not_acceptable(filled: Gateway, accept: str, status: int) -> None:
    answer = get(filled, "/studies", accept)
    assert answer.status_code == status
    kind = "application/dicom+json" if status == 200 else "application/problem+json"
    assert answer.headers["Content-Type"] == kind


def test_an_address_with_a_strange_host_names_no_host(filled: Gateway) -> None:
    answer = filled.client.get(
        "/dicom-web/studies",
        headers={"Authorization": f"Bearer {filled.token('1.1')}", "Host": 'x"y.test'},
    )
    assert answer.status_code in {200, 400}
    assert b"y.test" not in answer.data
