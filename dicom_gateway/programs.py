"""The programs that stay: receive, serve, work behind, and the one that keeps them all."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings

from dicom_gateway.assembly import build_holdings, build_ingest, build_listener, build_worker
from dicom_gateway.dimse.scp import start_scp
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.keeper import Keeper, keep_all
from dicom_gateway.status import report
from dicom_gateway.statuspage.door import networks

if TYPE_CHECKING:
    import argparse

    from dicom_gateway.settings import GatewaySettings

log = structlog.get_logger()

_STOP_SECONDS = 4.0
_LOOK_SECONDS = 0.5
"""How often the main thread wakes: a signal that another thread received is handled only then."""


def stop_on_signal() -> threading.Event:
    """An event that SIGINT and SIGTERM set, by way of a pipe: a handler interrupts the main thread
    anywhere, also where that thread holds the lock inside the event."""
    stop = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def watch() -> None:
        os.read(reading, 1)
        stop.set()

    def note(*_: object) -> None:
        with suppress(BlockingIOError):
            os.write(writing, b".")

    threading.Thread(target=watch, name="signals", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    return stop


def run_all(_settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Keep every program running until told to stop."""
    return keep_all(("dimse", "web", "page"), stop_on_signal())


def run_dimse(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Receive objects, with the worker beside it, until told to stop."""
    stop = stop_on_signal()
    ingest = build_ingest(settings)
    listener, holdings = build_listener(settings), build_holdings(settings)
    gc.freeze()  # pynetdicom collects again and again, and everything waits for it
    receiver = start_scp(listener, ingest, holdings)
    keeper = threading.Thread(target=Keeper("worker", stop).keep, daemon=True)
    keeper.start()
    log.info("receiving", ae_title=settings.ae_title, port=settings.dicom_port)
    while not stop.wait(_LOOK_SECONDS):
        pass
    stopper = threading.Thread(target=receiver.stop, daemon=True)
    stopper.start()
    for thread in (stopper, keeper):
        thread.join(_STOP_SECONDS)
    _leave(associations=stopper.is_alive(), worker=keeper.is_alive())
    return 0


def _leave(*, associations: bool, worker: bool) -> None:
    """End now even if a peer holds on: what was acknowledged is on disk already."""
    if associations or worker:
        log.warning("left while something was still open", associations=associations, worker=worker)
        os._exit(0)


def run_worker(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """List, prepare and announce until told to stop, or until the receiving process is gone."""
    stop = stop_on_signal()

    def watch_parent() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        stop.set()

    threading.Thread(target=watch_parent, daemon=True).start()
    build_worker(settings, stop).run()
    return 0


def run_web(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Serve DICOMweb."""
    create_schema(open_index(settings.database_url, Path(settings.var)))
    Granian(
        "dicom_gateway.application:build",
        factory=True,
        address=settings.http_host,
        port=settings.http_port,
        interface=Interfaces.WSGI,
        workers=settings.http_workers,
        blocking_threads=settings.http_threads,
        backpressure=settings.http_threads * 4,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        log_access=False,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()
    return 0


def run_page(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Serve the administrator's page and the metrics."""
    networks(settings.status_allowed)
    Granian(
        "dicom_gateway.statuspage.application:build",
        factory=True,
        address=settings.status_host,
        port=settings.status_port,
        interface=Interfaces.WSGI,
        blocking_threads=4,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        log_access=False,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()
    return 0


def run_status(settings: GatewaySettings, _options: argparse.Namespace) -> int:
    """Print counts and queues, without names."""
    engine = open_index(settings.database_url, Path(settings.var))
    create_schema(engine)
    sys.stdout.write(report(engine))
    return 0
