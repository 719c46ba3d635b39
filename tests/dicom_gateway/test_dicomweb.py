"""DICOMweb: who is let in, what is found, and how each refusal looks to the viewer."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from dicom_gateway import clock
from tests.dicom_gateway.objects import charset_sample, ct, sample
from tests.dicom_gateway.stage import PORTAL, Gateway, claims, parts, sign

STUDY = "1.2.3.4"
INSTANCE = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
AS_STORED = "multipart/related; type=application/octet-stream; transfer-syntax=*"
PATHS = [
    "/studies",
    f"/studies/{STUDY}",
    f"/studies/{STUDY}/series",
    f"/studies/{STUDY}/metadata",
    f"/studies/{STUDY}/series/{STUDY}.1/metadata",
    f"/studies/{STUDY}/series/{STUDY}.1/instances",
    INSTANCE,
    f"{INSTANCE}/metadata",
    f"{INSTANCE}/frames/1",
    f"{INSTANCE}/bulkdata/7FE00010",
    f"{INSTANCE}/rendered",
    f"{INSTANCE}/thumbnail",
]


def bare(gateway: Gateway, method: str, path: str, **headers: str) -> Any:
    """A request without a token of its own."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.client.open(f"/dicom-web{path}", method=method, headers=names)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_asks_for_a_token_and_says_which_trouble(gateway: Gateway, path: str) -> None:
    gateway.take_in(ct())
    none = bare(gateway, "GET", path)
    assert (none.status_code, none.json["code"]) == (401, "token-missing")
    assert none.headers["WWW-Authenticate"] == 'Bearer realm="tsunagu"'

    now = clock.timestamp()
    old = gateway.get(path, token=gateway.token(STUDY, iat=now - 400, exp=now - 100))
    assert (old.status_code, old.get_json()["code"]) == (401, "token-expired")
    assert "token-expired" in old.headers["WWW-Authenticate"]

    forged = gateway.get(path, token=sign(gateway.keys.gateway, claims(STUDY)))
    assert (forged.status_code, forged.get_json()["code"]) == (401, "token-invalid")
    assert bare(gateway, "GET", path, Authorization="Basic YTpi").json["code"] == "token-invalid"


@pytest.mark.parametrize("path", PATHS[1:])
def test_another_study_looks_exactly_like_a_missing_one(gateway: Gateway, path: str) -> None:
    gateway.take_in(ct())
    foreign = gateway.get(path, "9.9.9")
    missing = gateway.get(path.replace(STUDY, "7.7.7"), "7.7.7")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.data == missing.data


def test_a_list_shows_only_the_studies_of_the_token(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct("1.1"), ct("1.2"), ct("1.3"))
    listed = any_gateway.get("/studies", "1.1", "1.3", "9.9").get_json()
    assert sorted(one["0020000D"]["Value"][0] for one in listed) == ["1.1", "1.3"]
    assert any_gateway.get("/studies", "9.9").get_json() == []


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/studies/../x"])
def test_every_answer_may_be_read_by_the_portal_and_is_never_kept(
    gateway: Gateway, path: str
) -> None:
    gateway.take_in(ct())
    for answer in (gateway.get(path, STUDY), bare(gateway, "GET", path)):
        assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in ",".join(answer.headers.getlist("Vary"))
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.status_code < 500


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_a_preflight_is_answered_without_a_token(gateway: Gateway, path: str) -> None:
    answer = bare(
        gateway, "OPTIONS", path, Origin=PORTAL, Access_Control_Request_Headers="authorization"
    )
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"


def test_another_origin_is_not_let_in_by_echo(gateway: Gateway) -> None:
    answer = bare(gateway, "OPTIONS", "/studies", Origin="http://evil.test")
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written_by_a_token_that_reads(gateway: Gateway, method: str) -> None:
    token = gateway.token(STUDY)
    for path in PATHS:
        answer = bare(gateway, method, path, Authorization=f"Bearer {token}")
        assert answer.status_code in {403, 404, 405}


@pytest.mark.parametrize("path", ["/studies/1.1/series", "/series", "/studies/1.1/metadata"])
def test_what_is_only_read_names_the_methods_it_knows(gateway: Gateway, path: str) -> None:
    answer = bare(gateway, "POST", path, Authorization=f"Bearer {gateway.token(STUDY)}")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.json["code"] == "method-not-allowed"


def test_the_head_of_a_list_is_the_list_without_its_body(gateway: Gateway) -> None:
    token = {"Authorization": f"Bearer {gateway.token(STUDY)}"}
    whole, head = (bare(gateway, method, "/studies", **token) for method in ("GET", "HEAD"))
    assert head.status_code == whole.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(whole.data))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["1.1", "1.2"]),
        ("StudyInstanceUID=1.2", ["1.2"]),
        ("StudyInstanceUID=1.1,1.2", ["1.1", "1.2"]),
        ("0020000D=1.2", ["1.2"]),
        ("PatientID=A-1", ["1.1"]),
        ("PatientID=A-*", ["1.1", "1.2"]),
        ("PatientID=A-%3F", ["1.1", "1.2"]),
        ("PatientID=%25", []),
        ("PatientID=a_1", []),
        ("StudyDate=20260701", ["1.1"]),
        ("StudyDate=20260101-20260630", ["1.2"]),
        ("StudyDate=20260630-", ["1.1"]),
        ("StudyDate=-20260630", ["1.2"]),
        ("ModalitiesInStudy=CT", ["1.1", "1.2"]),
        ("ModalitiesInStudy=C", []),
        ("AccessionNumber=ACC2", ["1.2"]),
        ("PatientName=Mihon*", ["1.1"]),
        ("PatientName=mihon%5Etarou", ["1.1"]),
        ("PatientName=%2A例*", ["1.2"]),
        ("PatientName=*=例*", ["1.2"]),
        ("PatientName=ﾚｲ*", []),
        ("PatientName=*ﾚｲ*", ["1.2"]),
        ("PatientName=レイ%2A", ["1.2"]),
        ("PatientName=Nobody*", []),
        ("limit=1", ["1.1"]),
        ("limit=1&offset=1", ["1.2"]),
        ("includefield=00081030&includefield=all&fuzzymatching=false", ["1.1", "1.2"]),
    ],
)
def test_studies_are_found_by_their_keys(gateway: Gateway, query: str, found: list[str]) -> None:
    gateway.take_in(
        ct("1.1"),
        ct(
            "1.2",
            PatientID="A-2",
            SpecificCharacterSet="ISO_IR 192",
            PatientName="Rei^Hanako=例^花子=れい^はなこ",
            StudyDate="20260105",
            AccessionNumber="ACC2",
        ),
    )
    answer = gateway.get(f"/studies?{query}", "1.1", "1.2")
    assert [one["0020000D"]["Value"][0] for one in answer.get_json()] == found


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=many",
        "offset=1.5",
        "StudyDate=yesterday",
        "StudyDate=2026-07-01",
        "StudyInstanceUID=../../x",
        "NoSuchAttribute=1",
        "InstanceNumber=1",
    ],
)
def test_a_query_that_cannot_be_understood_is_a_bad_request(gateway: Gateway, query: str) -> None:
    assert gateway.get(f"/studies?{query}", STUDY).status_code == 400


def test_a_page_says_that_there_is_more_and_what_it_did_not_do(gateway: Gateway) -> None:
    gateway.take_in(ct("1.1"), ct("1.2"))
    answer = gateway.get("/studies?limit=1&fuzzymatching=true", "1.1", "1.2")
    warnings = " ".join(answer.headers.getlist("Warning"))
    assert "additional results" in warnings
    assert "Only literal matching" in warnings
    assert "Warning" not in gateway.get("/studies?limit=2", "1.1", "1.2").headers


def test_series_and_instances_are_listed_in_their_order(gateway: Gateway) -> None:
    second: dict[str, Any] = {"SeriesInstanceUID": f"{STUDY}.2", "SeriesNumber": 2}
    gateway.take_in(ct(number=7, SOPInstanceUID="5.7", **second), ct(number=2), ct(number=1))
    series = gateway.get(f"/studies/{STUDY}/series", STUDY).get_json()
    assert [one["0020000E"]["Value"][0] for one in series] == [f"{STUDY}.1", f"{STUDY}.2"]
    assert [one["00201209"]["Value"] for one in series] == [[2], [1]]
    path = f"/studies/{STUDY}/series/{STUDY}.1/instances"
    instances = gateway.get(path, STUDY).get_json()
    assert [one["00200013"]["Value"] for one in instances] == [[1], [2]]
    address = instances[0]["00081190"]["Value"][0]
    assert address == f"http://localhost/dicom-web{INSTANCE}"


def test_metadata_is_ready_made_gzipped_and_known_by_its_tag(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(number=2), ct(number=1))
    path = f"/studies/{STUDY}/series/{STUDY}.1/metadata"
    plain = any_gateway.get(path, STUDY)
    assert [one["00200013"]["Value"] for one in plain.get_json()] == [[1], [2]]
    assert "BulkDataURI" in plain.get_json()[0]["7FE00010"]
    packed = any_gateway.get(path, STUDY, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    again = any_gateway.get(path, STUDY, headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    any_gateway.take_in(ct(number=3))
    assert len(any_gateway.get(path, STUDY).get_json()) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "chrH31",
            {
                "Alphabetic": "Yamada^Tarou",
                "Ideographic": "山田^太郎",
                "Phonetic": "やまだ^たろう",
            },
        ),
        (
            "chrH32",
            {"Alphabetic": "ﾔﾏﾀﾞ^ﾀﾛｳ", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"},
        ),
        ("chrX1", {"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小東"}),
    ],
)
def test_names_of_every_charset_come_as_unicode(
    gateway: Gateway, name: str, expected: dict[str, str]
) -> None:
    sent = charset_sample(f"{name}.dcm")
    gateway.take_in(sent)
    study = str(sent.StudyInstanceUID)
    listed = gateway.get("/studies", study).get_json()[0]
    full = gateway.get(f"/studies/{study}/metadata", study).get_json()[0]
    for one in (listed, full):
        assert one["00100010"]["Value"] == [expected]
        assert one["00080005"]["Value"] == ["ISO_IR 192"]


def test_text_without_a_declared_charset_is_marked_not_guessed(gateway: Gateway) -> None:
    undeclared = "ヤマダ".encode("shift_jis").decode("latin-1")
    gateway.take_in(ct(PatientName=undeclared))
    [listed] = gateway.get("/studies", STUDY).get_json()
    assert "\ufffd" in listed["00100010"]["Value"][0]["Alphabetic"]
    assert listed["00100020"]["Value"] == ["A-1"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CT_small.dcm", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"),
        ("MR_small_implicit.dcm", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"),
        ("MR_small_bigendian.dcm", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.2"),
        ("image_dfl.dcm", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"),
        ("MR_small_RLE.dcm", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5"),
        (
            "MR_small_jp2klossless.dcm",
            "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90",
        ),
        (
            "examples_ybr_color.dcm",
            "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50",
        ),
    ],
)
def test_frames_come_as_stored_with_their_syntax_named(
    gateway: Gateway, name: str, kind: str
) -> None:
    from pydicom.encaps import generate_frames  # noqa: PLC0415

    sent = sample(name)
    gateway.take_in(sent)
    study = str(sent.StudyInstanceUID)
    count = int(sent.get("NumberOfFrames", 1))
    native = not sent.file_meta.TransferSyntaxUID.is_encapsulated
    expected = (
        [sent.PixelData]
        if native
        else list(generate_frames(sent.PixelData, number_of_frames=count))
    )
    path = f"/studies/{study}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    for number in {1, count}:
        answer = gateway.get(f"{path}/frames/{number}", study, accept=AS_STORED)
        assert parts(answer) == [(kind, expected[number - 1])]
    assert gateway.get(f"{path}/frames/{count + 1}", study, accept=AS_STORED).status_code == 404


def test_several_frames_come_in_one_answer(gateway: Gateway) -> None:
    pixels = bytes(range(256)) * 6
    gateway.take_in(ct(NumberOfFrames="3", PixelData=pixels))
    answer = gateway.get(f"{INSTANCE}/frames/3,1", STUDY, accept=AS_STORED)
    assert [body for _, body in parts(answer)] == [pixels[1024:], pixels[:512]]
    single = gateway.get(
        f"{INSTANCE}/frames/2", STUDY, accept="application/octet-stream; transfer-syntax=*"
    )
    assert single.data == pixels[512:1024]


@pytest.mark.parametrize("frames", ["0", "-1", "1,", "one", "1;2", "1" * 11, ",".join("1" * 65)])
def test_frame_numbers_that_are_none_are_refused(gateway: Gateway, frames: str) -> None:
    gateway.take_in(ct())
    assert gateway.get(f"{INSTANCE}/frames/{frames}", STUDY).status_code in {400, 404}


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/studies", "text/html"),
        (f"/studies/{STUDY}/metadata", "application/dicom+xml"),
        (INSTANCE, "image/jpeg"),
        (INSTANCE, 'multipart/related; type="application/dicom"; transfer-syntax=1.2.3'),
        (f"{INSTANCE}/frames/1", "image/png"),
        (f"{INSTANCE}/frames/1", 'multipart/related; type="image/jpeg"'),
        (f"{INSTANCE}/frames/1", "x" * 5000),
    ],
)
def test_what_is_not_stored_so_is_not_acceptable(gateway: Gateway, path: str, accept: str) -> None:
    gateway.take_in(ct())
    assert gateway.get(path, STUDY, accept=accept).status_code == 406


def test_compressed_pixels_are_never_sold_as_plain_ones(gateway: Gateway) -> None:
    sent = sample("examples_ybr_color.dcm")
    gateway.take_in(sent)
    study = str(sent.StudyInstanceUID)
    path = f"/studies/{study}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    plain = 'multipart/related; type="application/octet-stream"'
    assert gateway.get(f"{path}/frames/1", study, accept=plain).status_code == 406
    for wanted in ("image/jpeg", "image/jpeg; transfer-syntax=*", "image/*"):
        answer = gateway.get(f"{path}/frames/1", study, accept=f"{wanted}")
        assert answer.headers["Content-Type"].startswith("image/jpeg")


def test_dicom_and_pictures_in_one_accept_contradict(gateway: Gateway) -> None:
    gateway.take_in(ct())
    mixed = gateway.get(INSTANCE, STUDY, accept="application/dicom, image/jpeg")
    assert (mixed.status_code, mixed.get_json()["code"]) == (409, "contradiction")
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    assert gateway.get(INSTANCE, STUDY, accept=browser).status_code == 200


def test_bulk_data_comes_bare_or_in_a_part_or_not_at_all(gateway: Gateway) -> None:
    gateway.take_in(ct())
    address = f"{INSTANCE}/bulkdata/7FE00010"
    bare_value = gateway.get(address, STUDY, accept="application/octet-stream")
    assert bare_value.data == ct().PixelData
    assert gateway.get(address, STUDY, accept="image/png").status_code == 406


def test_a_study_comes_as_parts_with_its_length_known(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1), ct(number=2))
    for path in (f"/studies/{STUDY}", f"/studies/{STUDY}/series/{STUDY}.1"):
        answer = gateway.get(path, STUDY, accept='multipart/related; type="application/dicom"')
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        assert [body[128:132] for _, body in parts(answer)] == [b"DICM", b"DICM"]
    alone = gateway.get(INSTANCE, STUDY, accept="application/dicom")
    assert alone.data[128:132] == b"DICM"


def test_bulk_data_is_fetched_by_the_address_metadata_gives(gateway: Gateway) -> None:
    sent = ct()
    gateway.take_in(sent)
    [metadata] = gateway.get(f"{INSTANCE}/metadata", STUDY).get_json()
    address = metadata["7FE00010"]["BulkDataURI"].removeprefix("/dicom-web")
    [(_, body)] = parts(gateway.get(address, STUDY))
    assert body == sent.PixelData
    assert gateway.get(f"{INSTANCE}/bulkdata/00091001", STUDY).status_code == 404
    assert gateway.get(f"{INSTANCE}/bulkdata/xyz", STUDY).status_code == 400


def test_script_in_a_name_stays_text(gateway: Gateway) -> None:
    gateway.take_in(ct(PatientName="<script>alert(1)</script>", StudyDescription='"}],"x":"\x01'))
    answer = gateway.get("/studies", STUDY)
    assert answer.headers["Content-Type"] == "application/dicom+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    name = json.loads(answer.data)[0]["00100010"]["Value"][0]["Alphabetic"]
    assert name == "<script>alert(1)</script>"


def test_health_needs_no_token_and_tells_nothing(gateway: Gateway) -> None:
    answer = gateway.client.get("/healthz")
    assert (answer.status_code, answer.data) == (200, b"ok\n")


def test_a_lost_file_is_said_to_be_unavailable(gateway: Gateway) -> None:
    gateway.take_in(ct())
    for path in (gateway.settings.var / "objects").rglob("*.dcm"):
        path.unlink()
    answer = gateway.get(f"{INSTANCE}/frames/1", STUDY)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "blob-missing")
