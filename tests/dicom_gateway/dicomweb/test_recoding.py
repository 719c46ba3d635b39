"""Who takes one encoding only gets it where nothing is lost; everybody else gets the stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from dicom_gateway.dicomweb.recoding import recoding
from tests.dicom_gateway.objects import ct, sample
from tests.dicom_gateway.stage import Gateway, parts, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset
    from werkzeug.test import TestResponse

EXPLICIT = "1.2.840.10008.1.2.1"
JPEG_LS = "1.2.840.10008.1.2.4.80"
OCTETS = "application/octet-stream"
PLAIN = sample("MR_small.dcm").PixelData
SIGNED = np.random.default_rng(7).integers(-1000, 1000, (16, 16)).astype("<i2")
TWELVE = (SIGNED.astype("<u2") & 0x0FFF).astype("<u2")


def packed(study: str, stream: bytes, uid: str, **changes: Any) -> Dataset:
    """A made CT whose one frame is this stream."""
    made = ct(study, PixelData=encapsulate([stream]), **changes)
    made.file_meta.TransferSyntaxUID = UID(uid)
    made["PixelData"].is_undefined_length = True
    return made


OBJECTS = {
    "jpeg-ls": (sample("MR_small_jpeg_ls_lossless.dcm"), PLAIN),
    "rle": (sample("MR_small_RLE.dcm"), PLAIN),
    "jpeg 2000": (sample("MR_small_jp2klossless.dcm"), PLAIN),
    "big endian": (sample("MR_small_bigendian.dcm"), PLAIN),
    "htj2k": (
        packed("1.1", bytes(imagecodecs.htj2k_encode(SIGNED, reversible=True)), HTJ2KLossless),
        SIGNED.tobytes(),
    ),
    "jpeg lossless": (
        packed("1.2", bytes(imagecodecs.ljpeg_encode(SIGNED.view("<u2"))), JPEGLosslessSV1),
        SIGNED.tobytes(),
    ),
    "signed in twelve bits": (
        packed(
            "1.3",
            bytes(imagecodecs.jpegls_encode(TWELVE)),
            JPEGLSLossless,
            BitsStored=12,
            HighBit=11,
        ),
        SIGNED.tobytes(),
    ),
}
NATIVE = ct("1.4", PixelData=SIGNED.tobytes())
WITH_HIGH_BITS = ct(
    "1.5", PixelData=(TWELVE | 0xA000).tobytes(), BitsStored=12, HighBit=11, PixelRepresentation=0
)
COLOUR = sample("SC_rgb_rle_2frame.dcm")
LOSSY = packed("1.6", bytes(imagecodecs.jpegls_encode(TWELVE, level=2)), JPEGLSNearLossless)
LYING = packed("1.7", bytes(imagecodecs.jpegls_encode(TWELVE[:8])), JPEGLSLossless)
SENT = [*(one for one, _ in OBJECTS.values()), NATIVE, WITH_HIGH_BITS, COLOUR, LOSSY, LYING]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("recoding")) as gateway:
        for one in SENT:
            one.SOPInstanceUID = f"{one.SOPInstanceUID[:50]}.{SENT.index(one)}"
            one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
            gateway.take_in(one)
        yield gateway
        gateway.service.renderer.close()


def get(gateway: Gateway, one: Dataset, accept: str, frame: str = "frames/1") -> TestResponse:
    address = (
        f"/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}"
        f"/instances/{one.SOPInstanceUID}/{frame}"
    )
    return gateway.get(address, str(one.StudyInstanceUID), accept=accept)


@pytest.mark.parametrize("name", OBJECTS)
def test_what_was_packed_without_loss_goes_out_plain_bit_for_bit(
    filled: Gateway, name: str
) -> None:
    sent, values = OBJECTS[name]
    ((kind, body),) = parts(get(filled, sent, f"multipart/related; type={OCTETS}"))
    assert kind == f"{OCTETS}; transfer-syntax={EXPLICIT}"
    assert body == values
    named = get(filled, sent, f"{OCTETS}; transfer-syntax={EXPLICIT}")
    assert named.data == values


@pytest.mark.parametrize("name", ["jpeg-ls", "htj2k", "jpeg lossless"])
def test_it_is_drawn_too(filled: Gateway, name: str) -> None:
    sent, _ = OBJECTS[name]
    drawn = get(filled, sent, "image/png", "rendered")
    assert drawn.status_code == 200
    assert drawn.data.startswith(b"\x89PNG")


@pytest.mark.parametrize("one", [NATIVE, WITH_HIGH_BITS])
def test_plain_values_go_out_as_jpeg_ls_every_bit_of_them(filled: Gateway, one: Dataset) -> None:
    answer = get(filled, one, "image/jls")
    assert answer.headers["Content-Type"] == f"image/jls; transfer-syntax={JPEG_LS}"
    assert imagecodecs.jpegls_decode(answer.data).tobytes() == one.PixelData


def test_the_stored_form_comes_first_wherever_it_stands_in_the_header(filled: Gateway) -> None:
    sent, _ = OBJECTS["jpeg-ls"]
    answer = get(filled, sent, f"{OCTETS}, image/jls")
    assert answer.headers["Content-Type"].startswith("image/jls")
    assert get(filled, NATIVE, f"image/jls, {OCTETS}").data == SIGNED.tobytes()


@pytest.mark.parametrize(
    ("one", "accept", "frame", "code"),
    [
        (COLOUR, OCTETS, "frames/1", "not-renderable"),
        (LYING, OCTETS, "frames/1", "not-renderable"),
        (LOSSY, OCTETS, "frames/1", "not-acceptable"),
        (LOSSY, "image/png", "frames/1", "not-acceptable"),
        (NATIVE, "image/jp2", "frames/1", "not-acceptable"),
        (NATIVE, "image/jls", "frames/2", "not-found"),
    ],
)
def test_what_would_lose_or_lie_is_refused(
    filled: Gateway, one: Dataset, accept: str, frame: str, code: str
) -> None:
    answer = get(filled, one, accept, frame)
    assert (answer.status_code, answer.get_json()["code"]) == (
        404 if code == "not-found" else 406,
        code,
    )


@pytest.mark.parametrize(
    ("header", "stored", "single", "target"),
    [
        (OCTETS, JPEG_LS, True, EXPLICIT),
        (OCTETS, JPEG_LS, False, None),
        (f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2", JPEG_LS, True, None),
        (OCTETS, "1.2.840.10008.1.2.4.81", True, None),
        (OCTETS, "1.2.840.10008.1.2.4.91", True, None),
        ("multipart/related; type=image/jls", EXPLICIT, False, JPEG_LS),
        ("image/jls; transfer-syntax=1.2.840.10008.1.2.4.81", EXPLICIT, True, None),
        ("image/jls; q=0", EXPLICIT, True, None),
    ],
)
def test_only_lossless_ways_are_gone(
    header: str, stored: str, *, single: bool, target: str | None
) -> None:
    found = recoding(header, stored, single=single)
    assert (found.target if found else None) == target
