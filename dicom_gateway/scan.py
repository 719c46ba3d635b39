"""The structure of an encoded data set: where each top-level element lies, and that it is whole.

No value is decoded here. Offsets count in bytes from the start of the scanned buffer.
PS3.5 §7.1 (data elements), §7.5 (sequences), Annex A (transfer syntaxes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from mmap import mmap
from typing import Final, NamedTuple

from dicom_gateway.errors import NotDicom

Buffer = bytes | mmap

UNDEFINED: Final = 0xFFFFFFFF
ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD
PIXEL_DATA: Final = 0x7FE00010
PIXEL_TAGS: Final = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})
MAXIMUM_DEPTH: Final = 64
_DELIMITERS: Final = 0xFFFE
_NO_DATA_SET_GROUPS: Final = frozenset({0x0000, 0x0002, _DELIMITERS})
_PLAIN_HEAD: Final = struct.Struct("<HH2sH")
_SHORTEST_ELEMENT: Final = 8
_SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)


@dataclass(frozen=True)
class Encoding:
    """How elements are written: explicit VR or not, and the byte order of a native data set."""

    explicit: bool
    little: bool


EXPLICIT_LITTLE: Final = Encoding(explicit=True, little=True)
IMPLICIT_LITTLE: Final = Encoding(explicit=False, little=True)
EXPLICIT_BIG: Final = Encoding(explicit=True, little=False)


class Element(NamedTuple):
    """One top-level element: value at ``[start, start + length)`` of the buffer."""

    tag: int
    vr: bytes
    start: int
    length: int


@dataclass(frozen=True)
class Structure:
    """All top-level elements by tag, and the fragments of encapsulated pixel data (first: BOT)."""

    elements: dict[int, Element]
    fragments: tuple[tuple[int, int], ...] | None = None


class _Head(NamedTuple):
    tag: int
    vr: bytes
    length: int
    start: int


@dataclass
class _Walker:
    """Walks one buffer; every step is checked against its end."""

    data: Buffer
    encoding: Encoding
    end: int
    fragments: list[tuple[int, int]] | None = field(default=None)

    def header(self, at: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
        """(tag, VR, length, offset of the value) of the element that starts at ``at``."""
        self.require(at, 8)
        order = "<" if encoding.little else ">"
        group, number = struct.unpack_from(order + "HH", self.data, at)
        tag = group << 16 | number
        if not encoding.explicit or group == _DELIMITERS:
            return tag, b"", struct.unpack_from(order + "I", self.data, at + 4)[0], at + 8
        vr = bytes(self.data[at + 4 : at + 6])
        if vr in _SHORT_VRS:
            return tag, vr, struct.unpack_from(order + "H", self.data, at + 6)[0], at + 8
        if not (vr.isalpha() and vr.isupper()):
            raise NotDicom("value representation is not two capital letters")
        self.require(at, 12)
        return tag, vr, struct.unpack_from(order + "I", self.data, at + 8)[0], at + 12

    def require(self, at: int, length: int) -> None:
        if at + length > self.end:
            raise NotDicom("data set ends inside an element")

    def top_level(self, at: int) -> dict[int, Element]:
        elements: dict[int, Element] = {}
        is_plain = self.encoding == EXPLICIT_LITTLE
        while (at := self.plain_elements(at, elements) if is_plain else at) < self.end:
            if self.end - at < _SHORTEST_ELEMENT and not any(self.data[at : self.end]):
                break
            tag, vr, length, start = self.header(at, self.encoding)
            if tag >> 16 in _NO_DATA_SET_GROUPS:
                raise NotDicom("element of a group that has no place in a data set")
            at = self.after(_Head(tag, vr, length, start), self.encoding, 0)
            elements[tag] = Element(tag, vr, start, at - start)
        return elements

    def plain_elements(self, at: int, elements: dict[int, Element]) -> int:
        """Take up elements with a two-byte length, which most are, from ``at`` as far as they go.

        Returns:
            the offset of the first element that is not one of these, or not whole.
        """
        data, last = self.data, self.end - _SHORTEST_ELEMENT
        while at <= last:
            group, number, vr, length = _PLAIN_HEAD.unpack_from(data, at)
            start = at + _SHORTEST_ELEMENT
            if vr not in _SHORT_VRS or group in _NO_DATA_SET_GROUPS or start + length > self.end:
                break
            tag = group << 16 | number
            elements[tag] = Element(tag, vr, start, length)
            at = start + length
        return at

    def after(self, head: _Head, how: Encoding, depth: int) -> int:
        """Offset behind the value; walks into values of undefined length."""
        if head.length != UNDEFINED:
            self.require(head.start, head.length)
            return head.start + head.length
        if depth == 0 and head.tag in PIXEL_TAGS:
            return self.encapsulated(head.start)
        if depth > MAXIMUM_DEPTH:
            raise NotDicom("sequences nested too deep")
        inner = IMPLICIT_LITTLE if head.vr == b"UN" else how
        return self.sequence(head.start, inner, depth + 1)

    def sequence(self, at: int, how: Encoding, depth: int) -> int:
        """Offset behind the sequence delimitation item that closes the sequence at ``at``."""
        while True:
            tag, _, length, at = self.header(at, how)
            if tag == SEQUENCE_END:
                return at
            if tag != ITEM:
                raise NotDicom("something other than an item in a sequence")
            if length == UNDEFINED:
                at = self.item(at, how, depth)
            else:
                self.require(at, length)
                at += length

    def item(self, at: int, how: Encoding, depth: int) -> int:
        """Offset behind the item delimitation item that closes the item at ``at``."""
        while True:
            tag, vr, length, start = self.header(at, how)
            if tag == ITEM_END:
                return start
            at = self.after(_Head(tag, vr, length, start), how, depth)

    def encapsulated(self, at: int) -> int:
        """Note each fragment (offset, length); offset behind the delimiter. PS3.5 A.4."""
        self.fragments = []
        while True:
            tag, _, length, at = self.header(at, self.encoding)
            if tag == SEQUENCE_END:
                return at
            if tag != ITEM or length == UNDEFINED:
                raise NotDicom("something other than a fragment in encapsulated pixel data")
            self.require(at, length)
            self.fragments.append((at, length))
            at += length


def scan(data: Buffer, start: int, encoding: Encoding) -> Structure:
    """Walk the data set that fills ``data`` from ``start`` to its end.

    Raises:
        NotDicom: truncated, malformed or nested too deep.
    """
    walker = _Walker(data, encoding, len(data))
    elements = walker.top_level(start)
    fragments = None if walker.fragments is None else tuple(walker.fragments)
    return Structure(elements, fragments)
