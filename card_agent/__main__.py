"""``python -m card_agent`` starts the agent; it stops on Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import structlog

from card_agent.errors import CannotStart
from card_agent.factory import choose_transport, create_app
from card_agent.peer import owner_check
from card_agent.serve import AgentServer, bind, run
from config.settings import CardAgentSettings, card_agent_settings

if TYPE_CHECKING:
    from types import FrameType

_log = structlog.get_logger("card_agent")


def _start(settings: CardAgentSettings) -> None:
    transport = choose_transport(settings)
    check = owner_check()
    with bind(settings.port) as server:
        app = create_app(
            transport,
            port=server.server_port,
            allowed_origins=settings.allowed_origins,
            owner_check=check,
        )
        _stop_on_signal(server)
        _log.info(
            "card_agent_started",
            port=server.server_port,
            simulated=transport.simulated,
            owner_check=check is not None,
        )
        run(server, app)


def _stop_on_signal(server: AgentServer) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def main() -> int:
    """Run the agent. Returns the process's exit status."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    try:
        _start(card_agent_settings())
    except CannotStart as error:
        sys.stderr.write(f"The card agent does not start. {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
