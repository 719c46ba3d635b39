"""``python -m simulators.mail``: take mail on loopback and keep it in a folder until stopped."""

from __future__ import annotations

import signal
import sys
from threading import Event

import structlog

from config.settings import Mode, simulator_settings
from simulators.mail.server import MailFolder, MailServer

log = structlog.get_logger(__name__)


def main() -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status."""
    settings = simulator_settings()
    if settings.mode is Mode.PRODUCTION:
        log.error(
            "mail.refused", why="simulated: TSUNAGU_SIMULATOR_MODE is not development or test"
        )
        return 2
    stopped = Event()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: stopped.set())
    with MailServer(MailFolder(settings.mail_folder), settings.mail_port) as server:
        log.info("mail.simulated", port=server.port, folder=str(settings.mail_folder))
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
