"""Thin lines get grey frames in HTJ2K: lossless, made behind, the original untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import ImplicitVRLittleEndian
from sqlalchemy import delete, select

from dicom_gateway.assembly import build_made, build_store
from dicom_gateway.encoder import Encoder
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Instance, StoredObject
from dicom_gateway.representations import HTJ2K, Shape, codec, encode, wanted
from tests.dicom_gateway.objects import ct, sample
from tests.dicom_gateway.stage import parts

if TYPE_CHECKING:
    from pydicom import Dataset

    from tests.dicom_gateway.stage import Gateway

ASK = "multipart/related; type=image/jphc, multipart/related; type=application/octet-stream"
SINGLE = "image/jphc"


def encoder(gateway: Gateway, library: Any = imagecodecs) -> Encoder:
    made = build_made(gateway.settings)
    return Encoder(gateway.engine, build_store(gateway.settings), made, library)


def encoded(gateway: Gateway, *data_sets: Dataset) -> None:
    if data_sets:
        gateway.take_in(*data_sets)
    gateway.index()
    one = encoder(gateway)
    while one.encode_some():
        pass


def frame_of(data_set: Dataset, number: int = 1) -> str:
    return (
        f"/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
        f"/instances/{data_set.SOPInstanceUID}/frames/{number}"
    )


def names(gateway: Gateway) -> list[str]:
    with reading(gateway.engine) as connection:
        return list(connection.scalars(select(StoredObject.file_name).order_by(StoredObject.id)))


def test_who_names_it_gets_it_and_it_is_the_same_picture(gateway: Gateway) -> None:
    made = ct()
    encoded(gateway, made)
    answered = gateway.get(frame_of(made), made.StudyInstanceUID, accept=ASK)
    ((kind, body),) = parts(answered)
    assert kind == f"image/jphc; transfer-syntax={HTJ2K}"
    assert imagecodecs.htj2k_decode(body).tobytes() == made.PixelData


def test_who_does_not_name_it_gets_the_original(gateway: Gateway) -> None:
    made = ct()
    encoded(gateway, made)
    for accept in ("*/*", "multipart/related; type=application/octet-stream"):
        answered = gateway.get(frame_of(made), made.StudyInstanceUID, accept=accept)
        ((_, body),) = parts(answered)
        assert body == made.PixelData


def test_before_it_is_made_the_original_goes_out_or_nothing(gateway: Gateway) -> None:
    made = ct()
    gateway.take_in(made)
    ((_, body),) = parts(gateway.get(frame_of(made), made.StudyInstanceUID, accept=ASK))
    assert body == made.PixelData
    refused = gateway.get(frame_of(made), made.StudyInstanceUID, accept=SINGLE)
    assert refused.status_code == 406


def test_a_part_of_it_can_be_asked_for(gateway: Gateway) -> None:
    made = ct()
    encoded(gateway, made)
    study = made.StudyInstanceUID
    whole = gateway.get(frame_of(made), study, accept=SINGLE)
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    some = {"Range": "bytes=0-49", "If-Range": whole.headers["ETag"]}
    part = gateway.get(frame_of(made), study, accept=SINGLE, headers=some)
    assert (part.status_code, part.data) == (206, whole.data[:50])
    raw = gateway.get(frame_of(made), study, accept="application/octet-stream")
    assert raw.headers["ETag"] != whole.headers["ETag"]


def test_the_stored_object_is_not_touched(gateway: Gateway) -> None:
    gateway.take_in(ct())
    (name,) = names(gateway)
    path = build_store(gateway.settings).path(name)
    before = path.read_bytes()
    assert encoder(gateway).encode_some() == 1
    assert path.read_bytes() == before
    assert build_made(gateway.settings).has(name)


def test_every_frame_of_several_and_implicit_headers_too(gateway: Gateway) -> None:
    made = ct(NumberOfFrames=3)
    pixels = np.arange(3 * 256, dtype="<i2").reshape(3, 16, 16) * 40
    made.PixelData = pixels.tobytes()
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    encoded(gateway, made)
    for number in (1, 2, 3):
        answered = gateway.get(frame_of(made, number), made.StudyInstanceUID, accept=SINGLE)
        assert (imagecodecs.htj2k_decode(answered.data) == pixels[number - 1]).all()
    assert gateway.get(frame_of(made, 4), made.StudyInstanceUID, accept=ASK).status_code == 404


@pytest.mark.parametrize("name", ["JPEG2000.dcm", "MR_small_RLE.dcm", "693_J2KI.dcm"])
def test_what_came_compressed_is_never_recoded(gateway: Gateway, name: str) -> None:
    encoded(gateway, sample(name))
    (kept,) = names(gateway)
    assert not build_made(gateway.settings).has(kept)


def test_receiving_and_listing_come_first(gateway: Gateway) -> None:
    gateway.take_in(ct())
    gateway.send(ct(number=2))
    one = encoder(gateway)
    assert one.encode_some() == 0
    gateway.index()
    assert one.encode_some() == 2
    assert one.encode_some() == 0


class Forgetting:
    """Encodes; meanwhile the object is taken out of the index."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def htj2k_encode(self, pixels: Any, *, reversible: bool) -> bytes:
        with self._gateway.engine.begin() as connection:
            connection.execute(delete(Instance))
            connection.execute(delete(StoredObject))
        return bytes(imagecodecs.htj2k_encode(pixels, reversible=reversible))

    def htj2k_decode(self, stream: bytes) -> Any:
        return imagecodecs.htj2k_decode(stream)


def test_a_copy_does_not_outlive_an_object_forgotten_meanwhile(gateway: Gateway) -> None:
    gateway.take_in(ct())
    (name,) = names(gateway)
    assert encoder(gateway, Forgetting(gateway)).encode_some() == 1
    assert not build_made(gateway.settings).has(name)


def test_what_is_made_stays_over_a_restart(gateway: Gateway) -> None:
    encoded(gateway, ct())
    (name,) = names(gateway)
    path = gateway.settings.var / "htj2k" / f"{name}.jph"
    before = path.stat().st_mtime_ns
    assert encoder(gateway).encode_some() == 1
    assert path.stat().st_mtime_ns == before


def test_the_viewers_header_gets_the_copy_or_what_is_stored(gateway: Gateway) -> None:
    header = f"{ASK}; transfer-syntax=*"
    made, packed = ct(), sample("JPEG2000.dcm")
    encoded(gateway, made, packed)
    ((kind, _),) = parts(gateway.get(frame_of(made), made.StudyInstanceUID, accept=header))
    assert kind == f"image/jphc; transfer-syntax={HTJ2K}"
    ((kind, _),) = parts(gateway.get(frame_of(packed), packed.StudyInstanceUID, accept=header))
    assert kind.endswith(f"transfer-syntax={packed.file_meta.TransferSyntaxUID}")


@pytest.mark.parametrize("cut", [0, 5, 20, 60])
def test_a_damaged_one_counts_as_none(gateway: Gateway, cut: int) -> None:
    made = ct()
    encoded(gateway, made)
    (name,) = names(gateway)
    path = gateway.settings.var / "htj2k" / f"{name}.jph"
    path.write_bytes(path.read_bytes()[:cut])
    ((_, body),) = parts(gateway.get(frame_of(made), made.StudyInstanceUID, accept=ASK))
    assert body == made.PixelData


class Lossy:
    """A codec that gives back other pixels than it took."""

    def htj2k_encode(self, pixels: Any, *, reversible: bool) -> bytes:
        return bytes(imagecodecs.htj2k_encode(pixels + 1, reversible=reversible))

    def htj2k_decode(self, stream: bytes) -> Any:
        return imagecodecs.htj2k_decode(stream)


def test_a_codec_that_changes_pixels_is_not_believed(gateway: Gateway) -> None:
    gateway.take_in(ct())
    assert encoder(gateway, Lossy()).encode_some() == 1
    (name,) = names(gateway)
    assert not build_made(gateway.settings).has(name)


@pytest.mark.parametrize(
    ("accept", "single", "given"),
    [
        ("image/jphc", True, False),
        ("image/jphc", False, None),
        (f'multipart/related; type="image/jphc"; transfer-syntax={HTJ2K}', False, True),
        (f"multipart/related; type=application/octet-stream; transfer-syntax={HTJ2K}", True, True),
        ("image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202", True, None),
        ("image/*", True, None),
        ("*/*", True, None),
        ("image/jphc; q=0", True, None),
    ],
)
def test_only_its_name_asks_for_it(accept: str, *, single: bool, given: bool | None) -> None:
    form = wanted(accept, single=single)
    assert (None if form is None else form.multipart) == given


def test_only_plain_grey_frames_have_a_shape() -> None:
    right = {
        tag: {"Value": [value]}
        for tag, value in (
            ("00280010", 2), ("00280011", 3), ("00280100", 16), ("00280103", 1), ("00280002", 1)
        )
    }  # fmt: skip
    assert Shape.of(right) == Shape(2, 3, "<i2")
    for tag, value in (("00280100", 32), ("00280002", 3), ("00280010", 0), ("00280011", "x")):
        assert Shape.of({**right, tag: {"Value": [value]}}) is None
    assert Shape.of({}) is None
    assert encode(codec(), bytes(11), Shape(2, 3, "<i2")) is None
