"""What the bucket has not confirmed yet: files with one name (see ``tiered``)."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Backlog:
    """What only this machine has: how many objects, and when the oldest arrived (Unix seconds)."""

    objects: int
    oldest_at: float | None


def waiting(spool: Path) -> Iterator[str]:
    """Names of the objects that the bucket has not confirmed."""
    for path, state in files_below(spool):
        if state.st_nlink == 1:
            yield str(path.relative_to(spool))


def backlog(spool: Path) -> Backlog:
    """How much would be lost with this machine."""
    times = [state.st_mtime for _, state in files_below(spool) if state.st_nlink == 1]
    return Backlog(len(times), min(times, default=None))


def files_below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Whole files below; one that goes meanwhile is passed over."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(FileNotFoundError):
                if not name.endswith(".part"):
                    yield path, path.stat()
