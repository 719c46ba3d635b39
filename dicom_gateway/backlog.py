"""What the bucket has not confirmed yet: files without a name in the cache (see ``tiered``)."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SPOOL: Final = "objects"
CACHE: Final = "cache"


@dataclass(frozen=True)
class Backlog:
    """What only this machine has: how many objects, and when the oldest arrived (Unix seconds)."""

    objects: int
    oldest_at: float | None


def is_confirmed(var: Path, path: Path, state: os.stat_result) -> bool:
    """Whether this file of ``objects/`` has its second name in the cache. Links that others have
    made, a backup for instance, do not count."""
    if state.st_nlink == 1:
        return False
    try:
        twin = (var / CACHE / path.relative_to(var / SPOOL)).stat()
    except OSError:
        return False
    return (twin.st_dev, twin.st_ino) == (state.st_dev, state.st_ino)


def waiting(var: Path) -> Iterator[str]:
    """Names of the objects that the bucket has not confirmed."""
    spool = var / SPOOL
    for path, state in files_below(spool):
        if not is_confirmed(var, path, state):
            yield str(path.relative_to(spool))


def backlog(var: Path) -> Backlog:
    """How much would be lost with this machine."""
    found = files_below(var / SPOOL)
    times = [state.st_mtime for path, state in found if not is_confirmed(var, path, state)]
    return Backlog(len(times), min(times, default=None))


def files_below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Whole files below; one that goes meanwhile is passed over."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(FileNotFoundError):
                if not name.endswith(".part"):
                    yield path, path.stat()
