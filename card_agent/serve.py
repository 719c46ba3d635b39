"""A small threaded WSGI server for one person on one computer.

It binds 127.0.0.1 alone and never shares its port: a second program on it, ours or a stranger's,
makes the start fail. It tells the application the peer's port, from which the owner is looked up.
"""

from __future__ import annotations

import socket
import sys
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

import structlog
from typing_extensions import override

from card_agent.errors import CannotStart
from card_agent.guard import HOST, PEER_PORT

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_SILENCE_SECONDS = 20.0

_log = structlog.get_logger(__name__)


class AgentServer(ThreadingMixIn, WSGIServer):
    """Listens on 127.0.0.1; port 0 takes a free one. Raises CannotStart when the port is taken."""

    daemon_threads = True
    # On Windows "reuse" would let another program take the port over; elsewhere it only shortens
    # the wait after a restart.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, port: int) -> None:
        try:
            super().__init__((HOST, port), _RequestHandler)
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {HOST} is taken. Another program may be posing as the card "
                "agent: do not type a PIN anywhere until it is stopped."
            ) from error

    @override
    def server_bind(self) -> None:
        """Bind without a reverse look-up, exclusively where the system offers that."""
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        if exclusive is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        elif self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])
        self.setup_environ()

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off; what it carried is not logged."""
        _log.info("connection_failed", error=type(sys.exception()).__name__)


class _RequestHandler(WSGIRequestHandler):
    timeout = _SILENCE_SECONDS

    @override
    def get_environ(self) -> dict[str, Any]:
        """The usual environment and the peer's port."""
        return super().get_environ() | {PEER_PORT: self.client_address[1]}

    @override
    def address_string(self) -> str:
        """The address as it is; names are not looked up."""
        return str(self.client_address[0])

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by the routes, in their own words."""


ServerHandler.server_software = "card-agent"


def bind(port: int) -> AgentServer:
    """A listening server without an application yet. Raises CannotStart."""
    return AgentServer(port)


def run(server: AgentServer, app: WSGIApplication) -> None:
    """Serve until ``shutdown``."""
    server.set_app(app)
    server.serve_forever()
