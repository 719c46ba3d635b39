"""Objects that have come back from the bucket, told by what is new in the cache of this machine.

Only their return counts. What merely lies in the cache is not named again: a copy derived from it
that had to make room would be made and pushed out for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dicom_gateway import clock
from dicom_gateway.errors import BlobMissing, BlobUnreachable, NotDicom
from dicom_gateway.part10 import read_head

if TYPE_CHECKING:
    from dicom_gateway.blobs import Blobs

LOOK_AGAIN_SECONDS: Final = 60.0
"""Shorter than anything stays in the cache."""
LONGEST_HEAD_BYTES: Final = 1024


@dataclass
class Returned:
    """What came back since the first look and was not taken yet."""

    store: Blobs
    look_again_seconds: float = LOOK_AGAIN_SECONDS
    _known: frozenset[tuple[str, int]] | None = None
    _waiting: list[str] = field(default_factory=list)
    _looked_at: float = 0.0

    def look(self) -> None:
        """Compare the cache with the last look; the first only remembers."""
        at = clock.monotonic()
        if self._known is not None and at < self._looked_at + self.look_again_seconds:
            return
        found = self.store.cached()
        if self._known is not None:
            self._waiting += sorted(name for name, _ in found - self._known)
        self._known, self._looked_at = found, at

    def take(self, most: int) -> dict[str, str]:
        """Names of the next ones with their SOP Instance UIDs; who has gone again is left out."""
        names, self._waiting = self._waiting[:most], self._waiting[most:]
        told = {name: self._sop_instance(name) for name in names}
        return {name: uid for name, uid in told.items() if uid}

    def _sop_instance(self, name: str) -> str:
        if not self.store.is_near(name):
            return ""
        try:
            with self.store.open(name) as file:
                return read_head(file.read(LONGEST_HEAD_BYTES)).sop_instance_uid
        except (BlobMissing, BlobUnreachable, NotDicom, OSError):
            return ""
