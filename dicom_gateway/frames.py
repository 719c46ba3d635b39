"""Where each frame lies in the stored file, found once at ingest and kept as a packed table.

Native frames follow from arithmetic; encapsulated ones from the extended or basic offset table,
from one fragment a frame, or from the end-of-image markers (PS3.5 §8.2, A.4; PS3.3 C.7.6.3).
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dicom_gateway import syntax
from dicom_gateway.scan import PIXEL_DATA, Buffer, Encoding, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]  # (offset, length) in bytes

_NATIVE: Final = struct.Struct("<QQ")
_FRAGMENT: Final = struct.Struct("<IQI")
_EXTENDED_OFFSETS: Final = 0x7FE00001
_END_OF_IMAGE: Final = b"\xff\xd9"
_US_BYTES: Final = 2
_IS_CHARACTERS: Final = 12
_LONGEST_NUMBER: Final = 64


@dataclass(frozen=True)
class FrameTable:
    """Frames of one object. ``count`` 0: the object has no frames that can be told apart."""

    count: int
    packed: bytes
    encapsulated: bool

    def spans(self, number: int) -> list[Span]:
        """The pieces of frame ``number`` (from 1) in file order; empty if there is none."""
        if not 1 <= number <= self.count:
            return []
        if not self.encapsulated:
            offset, length = _NATIVE.unpack(self.packed)
            return [(offset + (number - 1) * length, length)]
        return [(offset, length) for _, offset, length in self._fragments_of(number - 1)]

    def _fragments_of(self, frame: int) -> Iterator[tuple[int, int, int]]:
        total = len(self.packed) // _FRAGMENT.size
        first = bisect_left(range(total), frame, key=lambda i: self._fragment(i)[0])
        for index in range(first, total):
            piece = self._fragment(index)
            if piece[0] != frame:
                return
            yield piece

    def _fragment(self, index: int) -> tuple[int, int, int]:
        frame, offset, length = _FRAGMENT.unpack_from(self.packed, index * _FRAGMENT.size)
        return frame, offset, length


NO_FRAMES: Final = FrameTable(0, b"", encapsulated=False)


@dataclass(frozen=True)
class ImagePixel:
    """What the Image Pixel module says about size (PS3.3 C.7.6.3); zero where nothing is said."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    frames: int
    photometric: str

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame. YBR_FULL_422 keeps two of three samples (C.7.6.3.1.2)."""
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        return bits * 2 // 3 if self.photometric == "YBR_FULL_422" else bits


def read_image_pixel(data: Buffer, structure: Structure, encoding: Encoding) -> ImagePixel:
    """The few numbers that say how large a frame is."""
    order = "<" if encoding.little else ">"

    def text(tag: int) -> str:
        element = structure.elements.get(tag)
        if element is None or element.length > _LONGEST_NUMBER:
            return ""
        raw = bytes(data[element.start : element.start + element.length])
        return raw.decode("latin-1").strip("\0 ")

    def number(tag: int) -> int:
        element = structure.elements.get(tag)
        if element is None or element.length != _US_BYTES:
            return 0
        return int(struct.unpack_from(order + "H", data, element.start)[0])

    frames = text(0x00280008)
    return ImagePixel(
        rows=number(0x00280010),
        columns=number(0x00280011),
        samples=number(0x00280002),
        bits_allocated=number(0x00280100),
        frames=int(frames) if frames.isdecimal() and len(frames) <= _IS_CHARACTERS else 1,
        photometric=text(0x00280004),
    )


def locate_frames(data: Buffer, structure: Structure, transfer_syntax: str) -> FrameTable:
    """Find every frame of the scanned object; ``NO_FRAMES`` when they cannot be told apart."""
    encoding = syntax.encoding_of(transfer_syntax)
    pixel = read_image_pixel(data, structure, encoding)
    if PIXEL_DATA not in structure.elements or pixel.frames < 1:
        return NO_FRAMES
    if syntax.is_native(transfer_syntax):
        return _native(structure, pixel)
    if syntax.is_video(transfer_syntax) or not structure.fragments:
        return NO_FRAMES
    return _encapsulated(data, structure, structure.fragments, pixel.frames)


def _native(structure: Structure, pixel: ImagePixel) -> FrameTable:
    element = structure.elements[PIXEL_DATA]
    length, odd_bits = divmod(pixel.frame_bits, 8)
    if length == 0 or odd_bits or length * pixel.frames > element.length:
        return NO_FRAMES
    return FrameTable(pixel.frames, _NATIVE.pack(element.start, length), encapsulated=False)


def _encapsulated(
    data: Buffer, structure: Structure, items: tuple[Span, ...], frames: int
) -> FrameTable:
    table, *fragments = items
    starts = _first_fragments(data, structure, table, fragments, frames)
    if not starts or len(starts) != frames:
        return NO_FRAMES
    packed = bytearray()
    for frame, (first, last) in enumerate(pairwise([*starts, len(fragments)])):
        for offset, length in fragments[first:last]:
            packed += _FRAGMENT.pack(frame, offset, length)
    return FrameTable(frames, bytes(packed), encapsulated=True)


def _first_fragments(
    data: Buffer, structure: Structure, table: Span, fragments: list[Span], frames: int
) -> list[int]:
    """Index of the first fragment of each frame; empty when nothing tells."""
    if len(fragments) == frames:
        return list(range(frames))
    if frames == 1:
        return [0] if fragments else []
    offsets = _offset_table(data, structure, table)
    if offsets:
        return _by_offsets(offsets, fragments)
    return _by_end_of_image(data, fragments)


def _offset_table(data: Buffer, structure: Structure, table: Span) -> list[int]:
    """Offsets of the extended table (PS3.3 C.7.6.3.1.8) or else of the basic one."""
    extended = structure.elements.get(_EXTENDED_OFFSETS)
    if extended is not None and extended.length:
        count = extended.length // 8
        return list(struct.unpack_from(f"<{count}Q", data, extended.start))
    offset, length = table
    return list(struct.unpack_from(f"<{length // 4}I", data, offset))


def _by_offsets(offsets: list[int], fragments: list[Span]) -> list[int]:
    """Offsets count from the first item after the table; each must hit the head of an item."""
    base = fragments[0][0] - 8
    heads = {start - 8 - base: index for index, (start, _) in enumerate(fragments)}
    if any(offset not in heads for offset in offsets) or offsets != sorted(set(offsets)):
        return []
    return [heads[offset] for offset in offsets]


def _by_end_of_image(data: Buffer, fragments: list[Span]) -> list[int]:
    """A frame of the JPEG family ends with FFD9, perhaps padded; the next one starts there."""
    starts = [0]
    for index, (offset, length) in enumerate(fragments[:-1]):
        tail = bytes(data[max(offset, offset + length - 4) : offset + length])
        if tail.rstrip(b"\0").endswith(_END_OF_IMAGE):
            starts.append(index + 1)
    return starts
