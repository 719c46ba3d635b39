"""What lies on a medium. Nothing is copied, followed or run; what cannot be read is named."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

_BEGINNING_BYTES: Final = 1024
_PREFIX: Final = slice(128, 132)
_PROGRAM_STARTS: Final = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
_PROGRAM_ENDINGS: Final = frozenset(
    {".exe", ".com", ".scr", ".msi", ".dll", ".lnk", ".inf", ".app"}
)
_SCRIPT_ENDINGS: Final = frozenset({".bat", ".cmd", ".ps1", ".vbs", ".js", ".jar", ".sh"})
_PICTURE_STARTS: Final = (b"\xff\xd8\xff", b"BM", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
_RAW_STARTS: Final = (b"\x08\x00", b"\x02\x00")
_DEEPEST: Final = 32


class Kind(StrEnum):
    """What a file is by its first bytes; names and endings decide only about programs."""

    OBJECT = "object"
    DIRECTORY = "DICOMDIR"
    PROGRAM = "program"
    PICTURE = "picture"
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Found:
    """One file of a medium; ``name`` is relative to it, with ``/``."""

    path: Path
    name: str
    size: int
    kind: Kind
    changed_ns: int = 0


@dataclass
class Listing:
    """All files, and the folders that could not be read."""

    files: list[Found] = field(default_factory=list)
    unreadable_folders: list[str] = field(default_factory=list)


def list_medium(root: Path) -> Listing:
    """Everything below ``root``, in the order of names. Links and devices are left alone."""
    listing = Listing()
    _list_folder(root, root, listing, 0)
    return listing


def _list_folder(root: Path, folder: Path, listing: Listing, depth: int) -> None:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        listing.unreadable_folders.append(_name(root, folder))
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and depth < _DEEPEST:
            _list_folder(root, Path(entry.path), listing, depth + 1)
        elif entry.is_file(follow_symlinks=False):
            listing.files.append(look_at(root, Path(entry.path)))


def look_at(root: Path, path: Path) -> Found:
    """One file and what it is."""
    try:
        status = path.stat()
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING_BYTES)
    except OSError:
        return Found(path, _name(root, path), 0, Kind.UNREADABLE)
    kind = _kind(path, beginning)
    return Found(path, _name(root, path), status.st_size, kind, status.st_mtime_ns)


def _kind(path: Path, beginning: bytes) -> Kind:
    if path.name.upper().rstrip(".") == "DICOMDIR":
        return Kind.DIRECTORY
    if beginning[_PREFIX] == b"DICM":
        return Kind.OBJECT
    if beginning.startswith(_PROGRAM_STARTS) or _would_run(path):
        return Kind.PROGRAM
    if beginning.startswith(_PICTURE_STARTS):
        return Kind.PICTURE
    return Kind.OBJECT if beginning.startswith(_RAW_STARTS) else Kind.OTHER


def _would_run(path: Path) -> bool:
    return path.suffix.lower() in _PROGRAM_ENDINGS | _SCRIPT_ENDINGS


def is_program(beginning: bytes) -> bool:
    """Whether these bytes would run, as a preamble can (PS3.10 7.5)."""
    return beginning.startswith(_PROGRAM_STARTS)


def _name(root: Path, path: Path) -> str:
    """Names that are no text are shown with their bytes escaped."""
    relative = path.relative_to(root).as_posix()
    return relative.encode("utf-8", "backslashreplace").decode("utf-8")
