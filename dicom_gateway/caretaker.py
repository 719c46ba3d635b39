"""``scrub``, ``backup``, ``restore``, ``expire``: with progress, and an ending that says it all."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicom_gateway import clock
from dicom_gateway.assembly import build_made, build_store
from dicom_gateway.errors import BlobUnreachable
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.places import BucketPlace, local_root, read_place
from dicom_gateway.retention import DAY_SECONDS, expire
from dicom_gateway.upkeep import CannotCopy, Empty, back_up, restore, scrub

if TYPE_CHECKING:
    import argparse

    from dicom_gateway.settings import GatewaySettings

_PROGRESS_SECONDS: Final = 2.0


@dataclass
class _Progress:
    _next: float = field(default_factory=lambda: clock.monotonic() + _PROGRESS_SECONDS)

    def __call__(self, done: int) -> None:
        if clock.monotonic() >= self._next:
            sys.stderr.write(f"{done:,} objects\n")
            self._next = clock.monotonic() + _PROGRESS_SECONDS


def folder_options(parser: argparse.ArgumentParser) -> None:
    """The other folder."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the backup")


def backup_options(parser: argparse.ArgumentParser) -> None:
    """Where to, and how much."""
    folder_options(parser)
    parser.add_argument(
        "--whole", action="store_true", help="also what lies in the bucket, to leave it"
    )


def run_scrub(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Returns 1 when an object is damaged or gone, or the bucket cannot be read."""
    engine = open_index(settings.database_url, settings.var)
    create_schema(engine)
    try:
        found = scrub(engine, build_store(settings), build_made(settings), _Progress())
    except BlobUnreachable as error:
        sys.stderr.write(f"gateway: {error}; nothing is known to be damaged, scrub again later\n")
        return 1
    for kind in ("damaged", "missing", "unlisted"):
        for name in getattr(found, kind):
            sys.stdout.write(f"{kind}\t{name}\n")
    sys.stdout.write(
        f"{found.sound:,} sound, {len(found.damaged)} damaged, {len(found.missing)} missing, "
        f"{len(found.unlisted)} unlisted\n"
    )
    if found.dropped:
        sys.stdout.write(f"{found.dropped} cached copies were unsound and are fetched anew\n")
    return 0 if found.is_whole else 1


def run_backup(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Returns 1 when the copy could not be made."""
    engine = open_index(settings.database_url, settings.var)
    create_schema(engine)
    try:
        store = build_store(settings)
        copied = back_up(engine, store, options.folder, _Progress(), whole=options.whole)
    except (CannotCopy, BlobUnreachable) as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1
    is_rest_away = _has_bucket(settings) and not options.whole
    rest = "in the bucket or there before" if is_rest_away else "there before"
    sys.stdout.write(f"backup complete: {copied:,} objects copied, the others were {rest}\n")
    return 0


def run_restore(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Returns 1 when the backup could not be brought back, or is not whole."""
    try:
        brought = restore(options.folder, _place(settings), _Progress())
    except CannotCopy as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1
    sys.stdout.write(f"{brought:,} objects brought back; comparing every byte\n")
    return run_scrub(settings, options)


def _place(settings: GatewaySettings) -> Empty:
    place = read_place(settings.storage_url, settings.var)
    root = local_root(place, settings.var)
    return Empty(settings.var, root, has_bucket=_has_bucket(settings))


def _has_bucket(settings: GatewaySettings) -> bool:
    return isinstance(read_place(settings.storage_url, settings.var), BucketPlace)


def days_options(parser: argparse.ArgumentParser) -> None:
    """How long a study is kept after it last changed or was read."""
    parser.add_argument("--days", type=int, required=True, help="keep this many days at least")


def run_expire(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Forget old copies of what the PACS holds."""
    if options.days < 1:
        sys.stderr.write("gateway: --days is 1 or more\n")
        return 2
    engine = open_index(settings.database_url, settings.var)
    create_schema(engine)
    before = clock.now().timestamp() - options.days * DAY_SECONDS
    store, made = build_store(settings), build_made(settings)
    studies, objects = expire(engine, store, made, before=before, progress=_Progress())
    sys.stdout.write(f"{studies:,} studies, {objects:,} objects expired\n")
    return 0
