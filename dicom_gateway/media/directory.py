"""What a DICOMDIR promises (PS3.3 F, PS3.10 8.6), held against what is on the medium."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.multival import MultiValue

if TYPE_CHECKING:
    from pathlib import Path


def promised_files(path: Path) -> set[str] | None:
    """The names a DICOMDIR refers to, in capitals with ``/``; ``None`` when it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = dcmread(path, force=True).get("DirectoryRecordSequence") or []
            return {name.upper() for one in records if (name := _name(one.get("ReferencedFileID")))}
    except Exception:  # noqa: BLE001 - edge: a broken directory must not stop the import
        return None


def _name(value: object) -> str:
    parts = value if isinstance(value, MultiValue) else [value] if value else []
    return "/".join(str(part) for part in parts)


def missing(promised: set[str], names: set[str]) -> list[str]:
    """Promised files that are not there; readers add version numbers and change case."""
    here = {name.upper().split(";")[0].rstrip(".") for name in names}
    return sorted(promised - here)
