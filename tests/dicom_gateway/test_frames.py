"""Finding frames: by arithmetic, by offset tables, by fragments, by end-of-image markers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from dicom_gateway import syntax
from dicom_gateway.frames import NO_FRAMES, FrameTable, locate_frames
from dicom_gateway.scan import scan
from tests.dicom_gateway.objects import ct, encode, sample

if TYPE_CHECKING:
    from pydicom import Dataset

JPEG_FRAMES = [bytes([0xFF, 0xD8, n, n, n, n, 0xFF, 0xD9]) for n in range(5)]


def table_of(data_set: Dataset) -> tuple[bytes, FrameTable]:
    """The encoded bytes, and where their frames lie."""
    uid = str(data_set.file_meta.TransferSyntaxUID)
    data = encode(data_set)
    return data, locate_frames(data, scan(data, 0, syntax.encoding_of(uid)), uid)


def frame(data: bytes, table: FrameTable, number: int) -> bytes:
    return b"".join(data[start : start + length] for start, length in table.spans(number))


def compressed(pixel_data: bytes, frames: int, **changes: Any) -> Dataset:
    """An object whose pixels are these encapsulated bytes."""
    data_set = ct(NumberOfFrames=str(frames), **changes)
    data_set.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data_set.PixelData = pixel_data
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True
    return data_set


def test_compressed_pixels_that_are_not_encapsulated_give_no_frames() -> None:
    data_set = ct()
    data_set.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    assert table_of(data_set)[1] == NO_FRAMES


def test_native_frames_follow_each_other() -> None:
    pixels = bytes(range(256)) * 6
    data_set = ct(NumberOfFrames="3", PixelData=pixels)
    data, table = table_of(data_set)
    assert table.count == 3
    assert [frame(data, table, n) for n in (1, 2, 3)] == [
        pixels[start : start + 512] for start in (0, 512, 1024)
    ]
    assert table.spans(4) == []
    assert table.spans(0) == []


def test_subsampled_colour_takes_two_thirds() -> None:
    data_set = sample("SC_ybr_full_422_uncompressed.dcm")
    data, table = table_of(data_set)
    assert frame(data, table, 1) == data_set.PixelData[: 100 * 100 * 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"Rows": 65535, "Columns": 65535},
        {"NumberOfFrames": str(2**31 - 1)},
        {"BitsAllocated": 1, "Rows": 3, "Columns": 3},
        {"Rows": 0},
    ],
)
def test_sizes_that_do_not_fit_the_pixels_give_no_frames(changes: dict[str, Any]) -> None:
    assert table_of(ct(**changes))[1] == NO_FRAMES


@pytest.mark.parametrize("per_frame", [1, 3])
@pytest.mark.parametrize("offsets", [True, False])
def test_compressed_frames_are_told_apart(per_frame: int, offsets: bool) -> None:  # noqa: FBT001
    pixels = encapsulate(JPEG_FRAMES, fragments_per_frame=per_frame, has_bot=offsets)
    data, table = table_of(compressed(pixels, 5))
    assert table.count == 5
    assert [frame(data, table, n) for n in range(1, 6)] == JPEG_FRAMES


def test_the_extended_offset_table_is_read() -> None:
    pixels, offsets, lengths = encapsulate_extended(JPEG_FRAMES)
    data_set = compressed(pixels, 5, ExtendedOffsetTable=offsets)
    data_set.ExtendedOffsetTableLengths = lengths
    data, table = table_of(data_set)
    assert [frame(data, table, n) for n in range(1, 6)] == JPEG_FRAMES


def test_one_frame_may_lie_in_several_fragments() -> None:
    pixels = encapsulate([JPEG_FRAMES[0]], fragments_per_frame=4, has_bot=False)
    data, table = table_of(compressed(pixels, 1))
    assert frame(data, table, 1) == JPEG_FRAMES[0]


def test_frames_that_cannot_be_told_apart_are_none() -> None:
    pixels = encapsulate([b"abcdefgh"] * 3, fragments_per_frame=2, has_bot=False)
    data_set = compressed(pixels, 3)
    data_set.file_meta.TransferSyntaxUID = RLELossless
    assert table_of(data_set)[1] == NO_FRAMES


def test_a_lying_offset_table_gives_no_frames() -> None:
    pixels = bytearray(encapsulate(JPEG_FRAMES, fragments_per_frame=2, has_bot=True))
    struct.pack_into("<I", pixels, 12, 7)
    assert table_of(compressed(bytes(pixels), 5))[1] == NO_FRAMES


@pytest.mark.parametrize("name", ["examples_ybr_color.dcm", "SC_rgb_rle_2frame.dcm"])
def test_real_multi_frame_objects_are_cut_as_pydicom_cuts_them(name: str) -> None:
    data_set = sample(name)
    count = int(data_set.NumberOfFrames)
    expected = list(generate_frames(data_set.PixelData, number_of_frames=count))
    data, table = table_of(data_set)
    assert [frame(data, table, n) for n in range(1, count + 1)] == expected
