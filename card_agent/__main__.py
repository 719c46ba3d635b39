"""``python -m card_agent`` starts the agent; it stops on Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from card_agent.errors import CannotStart
from card_agent.factory import choose_transport, create_app
from card_agent.peer import owner_check
from card_agent.serve import AgentServer, bind, run
from card_agent.settings import CardAgentSettings, read_settings

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


def _settings(arguments: list[str] | None) -> CardAgentSettings:
    try:
        return read_settings(arguments)
    except ValidationError as error:
        named = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise CannotStart(f"These settings cannot be used: {named}.") from error


def _stop_on_signal(server: AgentServer) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def main(arguments: list[str] | None = None) -> int:
    """Run the agent. Returns the process's exit status."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    try:
        _start(_settings(arguments))
    except CannotStart as error:
        sys.stderr.write(f"The card agent does not start. {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
