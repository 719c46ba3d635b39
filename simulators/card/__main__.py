"""``python -m simulators.card desk`` and ``python -m simulators.card vpcd DIR --port 35963``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from config.settings import Mode, SimulatorSettings, simulator_settings
from simulators.card import vpcd
from simulators.card.card import SimulatedCard
from simulators.card.desk_server import DeskServer
from simulators.card.folder import UnreadableCard, read_folder

if TYPE_CHECKING:
    from types import FrameType

_VPCD_PORT = 35963

_log = structlog.get_logger("simulators.card")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulators.card", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("desk", help="all cards of the development PKI, each in its own reader")
    virtual = commands.add_parser("vpcd", help="one card in pcscd's virtual reader")
    virtual.add_argument("folder", type=Path)
    virtual.add_argument("--port", type=int, default=_VPCD_PORT)
    return parser.parse_args()


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


def _run_desk(settings: SimulatorSettings, stop: threading.Event) -> None:
    with DeskServer(settings.var / "cards", settings.card_desk_port) as server:
        thread = threading.Thread(target=server.serve_forever, name="desk", daemon=True)
        thread.start()
        _log.warning("simulated_card_desk_started", port=server.port, simulated=True)
        stop.wait()
        server.shutdown()


def _run_vpcd(folder: Path, port: int, stop: threading.Event) -> None:
    card = SimulatedCard(read_folder(folder))
    _log.warning("simulated_card_started", card=folder.name, port=port, simulated=True)
    thread = threading.Thread(
        target=vpcd.serve, args=(card, port), kwargs={"stop": stop}, daemon=True
    )
    thread.start()
    stop.wait()


def main() -> int:
    """Run the chosen command until a signal. Returns the process's exit status."""
    arguments, settings = _arguments(), simulator_settings()
    if settings.mode is Mode.PRODUCTION:
        sys.stderr.write(
            "Simulated cards refuse to run in production mode: "
            "set TSUNAGU_SIMULATOR_MODE=development or test.\n"
        )
        return 2
    stop = _stop_on_signal()
    try:
        if arguments.command == "desk":
            _run_desk(settings, stop)
        else:
            _run_vpcd(arguments.folder, arguments.port, stop)
    except UnreadableCard as error:
        sys.stderr.write(f"This is not a card folder: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The card desk cannot listen on its port: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
