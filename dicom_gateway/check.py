"""``tsunagu-gateway check``: each link is proved by real traffic, in the order of dependence.

A phase returns what it saw or raises :class:`CheckFailed`; what hangs on a failed one is not tried.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from dicom_gateway import clock, dimse_links, links
from dicom_gateway.assembly import build_store
from dicom_gateway.errors import CheckFailed
from dicom_gateway.index.engine import open_index
from dicom_gateway.specimen import (
    is_being_listed,
    remove_specimens,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from dicom_gateway.settings import GatewaySettings

LEFT_TO_WORKER_SECONDS: Final = 3.0
FAILED: Final = "FAILED"
_ASK_AGAIN_SECONDS: Final = 0.2
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)


@dataclass(frozen=True)
class Phase:
    """One link: its name, how it is proved, and the phases it hangs on."""

    name: str
    prove: Callable[[links.Bench], str]
    needs: tuple[str, ...] = ()


PHASES: Final = (
    Phase("keys", links.keys),
    Phase("disk", links.disk),
    Phase("bucket", links.bucket, ("disk",)),
    Phase("index", links.index, ("disk",)),
    Phase("portal", links.portal, ("keys",)),
    Phase("clock", links.clocks, ("portal",)),
    Phase("token", links.token, ("clock",)),
    Phase("echo", dimse_links.echo),
    Phase("store", dimse_links.store, ("echo", "index")),
    Phase("read-back", links.read_back, ("store", "token")),
    Phase("peers", dimse_links.peers),
    Phase("archives", dimse_links.archives),
)


def run(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Prove every link; exit status 1 names a failing one."""
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
        failed = prove_all(links.Bench(settings, client), sys.stdout.write)
    return 1 if failed else 0


def prove_all(bench: links.Bench, say: Callable[[str], object]) -> list[str]:
    """Names of the phases that failed. The synthetic object is removed whatever happened."""
    failed: list[str] = []
    missing: set[str] = set()
    try:
        for phase in PHASES:
            line, holds = _prove(bench, phase, missing)
            say(f"{line}\n")
            if not holds:
                missing.add(phase.name)
                failed += [phase.name] if line.startswith(FAILED) else []
    finally:
        if not {"disk", "index"} & missing:
            _clear(bench)
    say("All links hold.\n" if not failed else f"Failed: {', '.join(failed)}\n")
    return failed


def _prove(bench: links.Bench, phase: Phase, missing: set[str]) -> tuple[str, bool]:
    lacking = [name for name in phase.needs if name in missing]
    if lacking:
        return f"  --    {phase.name:<10} not tried: needs {lacking[0]}", False
    try:
        return f"  ok    {phase.name:<10} {phase.prove(bench)}", True
    except CheckFailed as error:
        return f"{FAILED}  {phase.name:<10} {error}", False


def _clear(bench: links.Bench) -> None:
    """Take the object away; the worker may be listing it, so that is waited for a little."""
    engine = open_index(bench.settings.database_url, bench.settings.var)
    deadline, pause = clock.monotonic() + LEFT_TO_WORKER_SECONDS, threading.Event()
    while is_being_listed(engine) and clock.monotonic() < deadline:
        pause.wait(_ASK_AGAIN_SECONDS)
    remove_specimens(engine, build_store(bench.settings))
    engine.dispose()
