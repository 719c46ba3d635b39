"""The last warnings and errors of all programs of this gateway, for the administrator's page.

A bounded file beside the index: one JSON line each, holding when, what, and a few plain fields.
No identifiers, names or messages of other programs enter it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dicom_gateway import clock

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from structlog.typing import WrappedLogger

FILE: Final = "troubles.jsonl"
_LARGEST: Final = 128 * 1024
_LEVELS: Final = frozenset({"warning", "error", "critical", "exception"})
_FIELDS: Final = ("program", "loop", "code", "kind", "events", "calling_ae_title")


@dataclass(frozen=True)
class Trouble:
    """One of them; ``at`` in Unix seconds, ``about`` the one field that tells most, or empty."""

    at: float
    event: str
    about: str


class TroubleBook:
    """Writes them down; a structlog processor. Several processes may share one file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def __call__(
        self, _logger: WrappedLogger, name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Keep what is a warning or worse, and hand the line on unchanged."""
        if name in _LEVELS:
            self._append(event)
        return event

    def _append(self, event: MutableMapping[str, Any]) -> None:
        """A full or missing disk must not stop the program that wanted to say so."""
        about = next((str(event[key])[:40] for key in _FIELDS if key in event), "")
        line = {
            "at": clock.now().timestamp(),
            "event": str(event.get("event"))[:80],
            "about": about,
        }
        try:
            if self._file.exists() and self._file.stat().st_size > _LARGEST:
                self._file.replace(self._file.with_suffix(".old"))
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError:
            return


def last_troubles(folder: Path, *, most: int = 10) -> list[Trouble]:
    """The newest, newest first; lines that cannot be read are left out."""
    lines: list[str] = []
    for name in (FILE, FILE.replace(".jsonl", ".old")):
        path = folder / name
        if len(lines) < most and path.is_file():
            lines += reversed(path.read_text("utf-8", errors="replace").splitlines())
    found = (_read(line) for line in lines)
    return [one for one in found if one is not None][:most]


def _read(line: str) -> Trouble | None:
    try:
        found = json.loads(line)
        return Trouble(float(found["at"]), str(found["event"]), str(found["about"]))
    except (ValueError, KeyError, TypeError):
        return None
