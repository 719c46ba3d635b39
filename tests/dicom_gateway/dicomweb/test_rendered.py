"""Pictures for browsers: drawn right, within limits, by a process that may die."""

from __future__ import annotations

import io
import os
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from dicom_gateway import renderer
from tests.dicom_gateway.objects import ct, sample
from tests.dicom_gateway.stage import Gateway, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

RAMP = np.arange(256, dtype="<i2").reshape(16, 16)
SPOTS = np.stack([RAMP, RAMP.T, 255 - RAMP])
COLOUR = sample("examples_ybr_color.dcm")
SEEN = ("1.1", "1.2", "1.3", "1.4", "1.5", "1.6", str(COLOUR.StudyInstanceUID))


def path(study: str, rest: str = "rendered") -> str:
    """A resource below the first instance of a made study."""
    return f"/studies/{study}/series/{study}.1/instances/{study}.1.1/{rest}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A ramp, three frames, a colour loop, pixels that lie, and an object without any."""
    no_picture = ct("1.3")
    del no_picture.PixelData
    broken = ct("1.4", PixelData=encapsulate([b"\xff\xd8" + bytes(64)]))
    broken.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    broken.BitsAllocated = broken.BitsStored = 8
    broken.HighBit = 7
    broken["PixelData"].is_undefined_length = True
    undrawable = ct("1.6", 2, PixelData=encapsulate([b"\xff\xd8" + bytes(64)]))
    undrawable.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    undrawable["PixelData"].is_undefined_length = True
    huge = ct("1.5", PixelData=encapsulate([b"\xff\xd8\xff\xd9"]), Rows=60000, Columns=60000)
    huge.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    huge["PixelData"].is_undefined_length = True
    with running(tmp_path_factory.mktemp("rendered")) as gateway:
        gateway.take_in(
            ct("1.1", PixelData=RAMP.tobytes(), RescaleSlope="1", RescaleIntercept="-100"),
            ct("1.2", PixelData=SPOTS.tobytes(), NumberOfFrames="3"),
            no_picture,
            broken,
            huge,
            COLOUR,
            ct("1.6", 1, PixelData=RAMP.tobytes()),
            undrawable,
            ct("1.6", 3, PixelData=SPOTS.tobytes(), NumberOfFrames="3"),
        )
        yield gateway
        gateway.service.renderer.close()


def get(gateway: Gateway, address: str, accept: str = "image/png") -> TestResponse:
    """An answer for the token's studies."""
    return gateway.get(address, *SEEN, accept=accept)


def pixels(answer: TestResponse) -> np.ndarray[Any, Any]:
    """The samples of an answered picture."""
    assert answer.status_code == 200, answer.data
    return np.asarray(Image.open(io.BytesIO(answer.data)))


def test_a_frame_is_drawn_from_its_least_to_its_greatest_value(filled: Gateway) -> None:
    answer = get(filled, path("1.1"))
    assert answer.headers["Content-Type"] == "image/png"
    assert pixels(answer).tolist() == RAMP.tolist()


def test_a_window_of_the_client_comes_before_the_one_of_the_object(filled: Gateway) -> None:
    linear = pixels(get(filled, path("1.1", "rendered?window=0.5,256,linear")))
    assert linear[0, 0] == 28
    assert linear[6, 5] == 129
    exact = pixels(get(filled, path("1.1", "rendered?window=0,100,linear-exact")))
    assert (exact[0, 0], exact[6, 4], exact[15, 15]) == (0, 128, 255)
    bent = pixels(get(filled, path("1.1", "rendered?window=0,100,SIGMOID")))
    assert bent[6, 4] == 128
    assert 0 < bent[0, 0] < 10


def test_frames_are_drawn_one_by_one_and_the_middle_one_stands_for_all(filled: Gateway) -> None:
    third = pixels(get(filled, path("1.2", "frames/3/rendered")))
    assert third.tolist() == SPOTS[2].tolist()
    assert pixels(get(filled, path("1.2"))).tolist() == SPOTS[1].tolist()


def test_a_viewport_bounds_the_picture_and_cuts_a_region(filled: Gateway) -> None:
    assert pixels(get(filled, path("1.1", "rendered?viewport=8,4"))).shape == (4, 4)
    region = pixels(get(filled, path("1.1", "rendered?viewport=100,100,2,3,4,5")))
    assert region.tolist() == RAMP[3:8, 2:6].tolist()


def test_colour_is_drawn_as_colour_in_the_kind_the_client_prefers(filled: Gateway) -> None:
    study, series = str(COLOUR.StudyInstanceUID), COLOUR.SeriesInstanceUID
    address = f"/studies/{study}/series/{series}/instances/{COLOUR.SOPInstanceUID}/rendered"
    both = get(filled, address, "image/png;q=0.1, image/jpeg")
    assert both.headers["Content-Type"] == "image/jpeg"
    assert pixels(both).shape == (240, 320, 3)
    small = get(filled, address + "?quality=5", "*/*")
    assert len(small.data) < len(both.data)
    for place in ("", f"/series/{series}"):
        thumbnail = pixels(get(filled, f"/studies/{study}{place}/thumbnail"))
        assert thumbnail.shape == (192, 256, 3)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (path("1.1", "rendered?window=1,0,linear"), 400),
        (path("1.1", "rendered?window=1,2"), 400),
        (path("1.1", "rendered?window=1,2,cubic"), 400),
        (path("1.1", "rendered?window=nan,2,linear"), 400),
        (path("1.1", "rendered?viewport=0,5"), 400),
        (path("1.1", "rendered?viewport=9000,5"), 400),
        (path("1.1", "rendered?viewport=5,5,1"), 400),
        (path("1.1", "rendered?viewport=5,5,0,0,0,5"), 400),
        (path("1.1", "rendered?viewport=5,5,99,0,5,5"), 406),
        (path("1.1", "rendered?quality=0"), 400),
        (path("1.1", "rendered?quality=101"), 400),
        (path("1.1", "rendered?annotation=patient"), 400),
        (path("1.1", "thumbnail?window=1,2,linear"), 400),
        (path("1.1", "frames/1,2/rendered"), 400),
        (path("1.2", "frames/4/rendered"), 404),
        (path("1.2", "frames/0/rendered"), 404),
        (path("1.9"), 404),
        ("/studies/1.3/thumbnail", 404),
        (path("1.3"), 406),
        (path("1.4"), 406),
        (path("1.5"), 406),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(
    filled: Gateway, address: str, status: int
) -> None:
    answer = get(filled, address)
    assert answer.status_code == status
    assert status == 404 or answer.get_json()["detail"]


def shown(answer: TestResponse) -> dict[str, np.ndarray[Any, Any]]:
    """The pictures of an answer in parts, by the instance they are of."""
    assert answer.status_code == 200, answer.data
    boundary = answer.headers["Content-Type"].rpartition("boundary=")[2].encode()
    found = {}
    for part in answer.data.split(b"--" + boundary)[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        assert b"Content-Type: image/png" in head
        address = head.decode().partition("Content-Location: ")[2].split("\r\n")[0]
        found[address] = np.asarray(Image.open(io.BytesIO(body.removesuffix(b"\r\n"))))
    return found


@pytest.mark.parametrize("rest", ["", "/series/1.6.1"])
def test_a_series_is_drawn_whole_in_parts(filled: Gateway, rest: str) -> None:
    address = f"/studies/1.6{rest}/rendered"
    found = shown(get(filled, address, "multipart/related; type=image/png"))
    assert list(found) == [f"/dicom-web{path('1.6')}", f"/dicom-web{path('1.6')[:-10]}3/rendered"]
    assert [one.tolist() for one in found.values()] == [RAMP.tolist(), SPOTS[1].tolist()]


def test_one_picture_stands_for_a_series_or_study_unless_parts_are_asked_for(
    filled: Gateway,
) -> None:
    for accept in ("*/*", "image/png", "image/png, multipart/related; type=image/png;q=0.5"):
        for address in ("/studies/1.2/rendered", "/studies/1.2/series/1.2.1/rendered"):
            alone = get(filled, f"{address}?viewport=8,8", accept)
            assert alone.headers["Content-Type"].startswith("image/")
            assert pixels(alone).shape == (8, 8)


def test_what_a_series_cannot_show_is_said_before_anything_is_sent(filled: Gateway) -> None:
    parts = "multipart/related; type=image/png"
    assert get(filled, "/studies/1.4/rendered", parts).status_code == 406
    assert get(filled, "/studies/1.3/rendered", parts).status_code == 404
    assert get(filled, "/studies/1.9/rendered", parts).status_code == 404
    assert get(filled, "/studies/1.1/rendered?viewport=0,5", parts).status_code == 400
    gif = get(filled, "/studies/1.1/rendered", "multipart/related; type=image/gif")
    assert gif.status_code == 406


@pytest.mark.parametrize("accept", ["image/gif", "application/dicom", "multipart/related"])
def test_other_kinds_of_picture_are_not_acceptable(filled: Gateway, accept: str) -> None:
    assert get(filled, path("1.1"), accept).status_code == 406


def test_a_decoder_that_hangs_or_died_costs_one_answer_at_most(
    filled: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get(filled, path("1.1")).status_code == 200
    hanging = filled.service.renderer._child
    assert hanging is not None
    os.kill(hanging.pid, signal.SIGSTOP)
    monkeypatch.setattr(renderer, "LONGEST_SECONDS", 0.05)
    refused = get(filled, path("1.1"))
    assert (refused.status_code, refused.get_json()["code"]) == (406, "not-renderable")
    monkeypatch.undo()
    assert get(filled, path("1.1")).status_code == 200
    dead = filled.service.renderer._child
    assert dead is not None
    dead.kill()
    dead.wait(10)
    assert get(filled, path("1.1")).status_code == 200
