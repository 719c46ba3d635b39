"""Parts of frames, values and objects by byte range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dicom_gateway.dicomweb.ranges import RangeRequest, Slice
from dicom_gateway.errors import RangeNotSatisfiable
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import Gateway, running

if TYPE_CHECKING:
    from collections.abc import Iterator

STUDY = "1.2.3.4"
INSTANCE = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
OCTETS = "application/octet-stream; transfer-syntax=*"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("bytes=0-3", Slice(0, 4, 10)),
        ("bytes=4-", Slice(4, 10, 10)),
        ("bytes=-3", Slice(7, 10, 10)),
        ("bytes=-30", Slice(0, 10, 10)),
        ("bytes=8-100", Slice(8, 10, 10)),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,4-5", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_read_or_ignored(wanted: str, expected: Slice | None) -> None:
    assert RangeRequest(wanted).of(10, '"tag"') == expected


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-11", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(wanted: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        RangeRequest(wanted).of(10, '"tag"')


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One CT slice of 512 bytes of pixels."""
    with running(tmp_path_factory.mktemp("ranges")) as gateway:
        gateway.take_in(ct())
        yield gateway


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"{INSTANCE}/frames/1", OCTETS),
        (f"{INSTANCE}/bulkdata/7FE00010", OCTETS),
        (INSTANCE, "application/dicom"),
    ],
)
def test_one_part_can_be_fetched_piece_by_piece(filled: Gateway, path: str, accept: str) -> None:
    whole = filled.get(path, STUDY, accept=accept)
    tag = whole.headers["ETag"]
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")

    def piece(**headers: str) -> tuple[int, bytes]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = filled.get(path, STUDY, accept=accept, headers=names)
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        return answer.status_code, answer.data

    assert piece(Range="bytes=0-99") == (206, whole.data[:100])
    assert piece(Range="bytes=100-", If_Range=tag) == (206, whole.data[100:])
    assert piece(Range="bytes=100-", If_Range='"another"') == (200, whole.data)
    shown = filled.get(path, STUDY, accept=accept, headers={"Range": "bytes=5-9"})
    assert shown.headers["Content-Range"] == f"bytes 5-9/{len(whole.data)}"
    behind = filled.get(path, STUDY, accept=accept, headers={"Range": "bytes=999999-"})
    assert behind.status_code == 416
    assert behind.headers["Content-Range"] == f"bytes */{len(whole.data)}"


def test_a_range_of_many_parts_is_not_cut(filled: Gateway) -> None:
    kind = 'multipart/related; type="application/octet-stream"'
    answer = filled.get(f"{INSTANCE}/frames/1", STUDY, accept=kind, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert len(answer.data) > 512
