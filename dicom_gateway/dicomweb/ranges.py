"""Part of a representation by byte range (RFC 9110 §14), with ``If-Range``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dicom_gateway.errors import RangeNotSatisfiable

_ONE_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


@dataclass(frozen=True)
class Slice:
    """The bytes ``[start, end)`` of a representation of ``total`` bytes."""

    start: int
    end: int
    total: int

    @property
    def content_range(self) -> str:
        """Value of the Content-Range header."""
        return f"bytes {self.start}-{self.end - 1}/{self.total}"


@dataclass(frozen=True)
class RangeRequest:
    """The headers that ask for a part."""

    wanted: str = ""
    if_range: str = ""

    def of(self, total: int, etag: str) -> Slice | None:
        """The part that is asked for; ``None`` when the whole is to be sent.

        Several ranges at once, another unit or a malformed header are answered with the whole,
        and so is ``If-Range`` with another tag, or with a date, which stored objects do not have.

        Raises:
            RangeNotSatisfiable: no byte of the representation lies in the range.
        """
        match = _ONE_RANGE.fullmatch(self.wanted.replace(" ", ""))
        if match is None or (self.if_range and self.if_range != etag):
            return None
        first, last = match.groups()
        if not first:
            return self._of_the_end(last, total)
        start = int(first)
        end = min(int(last) + 1 if last else total, total)
        if last and int(last) < start:
            return None
        if start >= total:
            raise RangeNotSatisfiable(total)
        return Slice(start, end, total)

    def _of_the_end(self, length: str, total: int) -> Slice | None:
        if not length:
            return None
        if int(length) == 0 or total == 0:
            raise RangeNotSatisfiable(total)
        return Slice(max(0, total - int(length)), total, total)
