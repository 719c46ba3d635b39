"""``tsunagu-gateway quarantine``: the administrator decides about objects that are kept aside."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dicom_gateway.assembly import build_made, build_store
from dicom_gateway.errors import GatewayError
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.quarantine import Kind, decide, held, judgement

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Engine

    from dicom_gateway.settings import GatewaySettings


def options(parser: argparse.ArgumentParser) -> None:
    """What to do, with which, and why."""
    parser.add_argument("action", choices=["list", "release", "reject"])
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="as `list` shows them")
    parser.add_argument("--reason", default="", help="why; kept with the decision")


def run(settings: GatewaySettings, chosen: argparse.Namespace) -> int:
    """Carry it out. Returns 1 when a decision could not be."""
    engine = open_index(settings.database_url, Path(settings.var))
    create_schema(engine)
    if chosen.action == "list":
        return _show(engine)
    if not chosen.numbers:
        sys.stderr.write("gateway: name what to decide about; `quarantine list` shows it\n")
        return 2
    kind = Kind.RELEASED if chosen.action == "release" else Kind.REJECTED
    store, made, failed = build_store(settings), build_made(settings), 0
    for number in chosen.numbers:
        try:
            decide(engine, store, made, number, judgement(kind, chosen.reason))
        except GatewayError as error:
            sys.stderr.write(f"gateway: {number}: {error}\n")
            failed += 1
        else:
            sys.stdout.write(f"{number}: {kind.value}\n")
    return 1 if failed else 0


def _show(engine: Engine) -> int:
    waiting = held(engine)
    for one in waiting:
        at = datetime.fromtimestamp(one.received_at, UTC).isoformat(timespec="seconds")
        sys.stdout.write(
            f"{one.number}\t{one.why}\tfrom {one.sender}\t{at}\t"
            f"study {one.study_instance_uid}\tobject {one.sop_instance_uid}\n"
        )
    sys.stdout.write(f"{len(waiting)} waiting\n")
    return 0
