"""``python -m dicom_gateway dimse | web | worker | status``."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import structlog
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings

from config.settings import GatewaySettings, gateway_settings
from dicom_gateway.assembly import build_ingest, build_listener, build_worker, check
from dicom_gateway.dimse.scp import start_scp
from dicom_gateway.errors import Misconfigured
from dicom_gateway.index.engine import create_schema, open_index
from dicom_gateway.journal import start_log
from dicom_gateway.status import report

log = structlog.get_logger()

_RESTART_SECONDS = 1.0
_STOP_SECONDS = 4.0
_LOOK_SECONDS = 0.5
"""How often the main thread wakes: a signal that another thread received is handled only then."""


def main(arguments: list[str] | None = None) -> int:
    """Run one of the gateway's programs. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dicom_gateway", description=__doc__)
    parser.add_argument("program", choices=["dimse", "web", "worker", "status"])
    chosen = parser.parse_args(arguments).program
    settings = gateway_settings()
    start_log(settings.mode)
    try:
        check(settings)
        programs = {"dimse": run_dimse, "web": run_web, "worker": run_worker, "status": run_status}
        programs[chosen](settings)
    except Misconfigured as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"gateway: {error.strerror}: {error.filename or _address(settings)}\n")
        return 1
    return 0


def _address(settings: GatewaySettings) -> str:
    return f"DICOM port {settings.dicom_port}, HTTP port {settings.http_port}"


def stop_on_signal() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_dimse(settings: GatewaySettings) -> None:
    """Receive objects, with the worker beside it, until told to stop."""
    stop = stop_on_signal()
    receiver = start_scp(build_listener(settings), build_ingest(settings))
    keeper = threading.Thread(target=_keep_worker, args=(stop,), daemon=True)
    keeper.start()
    log.info("receiving", ae_title=settings.ae_title, port=settings.dicom_port)
    while not stop.wait(_LOOK_SECONDS):
        pass
    stopper = threading.Thread(target=receiver.stop, daemon=True)
    stopper.start()
    for thread in (stopper, keeper):
        thread.join(_STOP_SECONDS)
    _leave(associations=stopper.is_alive(), worker=keeper.is_alive())


def _leave(*, associations: bool, worker: bool) -> None:
    """End now even if a peer holds on: what was acknowledged is on disk already."""
    if associations or worker:
        log.warning("left while something was still open", associations=associations, worker=worker)
        os._exit(0)


def _keep_worker(stop: threading.Event) -> None:
    """Keep one worker process running. It ends by itself when its standard input closes."""
    while not stop.is_set():
        command = [sys.executable, "-m", "dicom_gateway", "worker"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # noqa: S603 - ourselves
            while child.poll() is None and not stop.wait(0.2):
                pass
            if child.stdin is not None:
                child.stdin.close()
        if not stop.is_set():
            log.error("worker ended, starting it again", status=child.returncode)
            stop.wait(_RESTART_SECONDS)


def run_worker(settings: GatewaySettings) -> None:
    """List, prepare and announce until told to stop, or until the receiving process is gone."""
    stop = stop_on_signal()

    def watch_parent() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        stop.set()

    threading.Thread(target=watch_parent, daemon=True).start()
    build_worker(settings, stop).run()


def run_web(settings: GatewaySettings) -> None:
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


def run_status(settings: GatewaySettings) -> None:
    """Print counts and queues, without names."""
    engine = open_index(settings.database_url, Path(settings.var))
    create_schema(engine)
    sys.stdout.write(report(engine))
