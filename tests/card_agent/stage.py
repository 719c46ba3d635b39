"""A running agent, a card desk and a small portal page for tests, each on a port of its own."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from card_agent.factory import create_app
from card_agent.serve import bind
from simulators.card.desk_server import DeskServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from card_agent.peer import OwnerCheck
    from card_agent.transport import Transport

HOST = "127.0.0.1"
NONCE = "b64url-nonce_of_43_characters_ABCDEFGHIJKLM"

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Keeps what it hears in window.heard; answers every "ready" with window.order, as a portal must.
PORTAL_SCRIPT = """
window.heard = [];
window.order = {order};
window.addEventListener("message", (event) => {
  if (event.origin !== "{agent}") return;
  window.heard.push(event.data);
  if (event.data.type === "ready" && window.order) {
    event.source.postMessage(window.order, "{agent}");
  }
});
document.getElementById("open").addEventListener("click", () => {
  window.agentWindow = window.open(
    "{agent}/v1/{purpose}", "tsunagu-card-agent", "popup,width=440,height=560");
});
"""
PORTAL_PAGE = (
    '<!doctype html><html lang="ja"><title>portal</title>'
    '<button id="open">open</button><script src="/portal.js"></script>'
)


@contextmanager
def running_desk(cards: Path) -> Iterator[DeskServer]:
    """A card desk over these card folders."""
    with DeskServer(cards, 0) as server, _serving(server):
        yield server


@dataclass(frozen=True)
class RunningAgent:
    """Where a running agent listens."""

    port: int

    @property
    def origin(self) -> str:
        """The agent's own origin."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def running_agent(
    transport: Transport,
    *,
    allowed: tuple[str, ...],
    owner_check: OwnerCheck | None = None,
) -> Iterator[RunningAgent]:
    """An agent on a free port that lets these origins ask."""
    with bind(0) as server:
        server.set_app(
            create_app(
                transport,
                port=server.server_port,
                allowed_origins=allowed,
                owner_check=owner_check,
            )
        )
        with _serving(server):
            yield RunningAgent(server.server_port)


class PortalServer(http.server.ThreadingHTTPServer):
    """A page with one button that opens the agent, under the portal's security headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _PortalHandler)
        self.script = ""
        self.sandboxed = False

    @property
    def origin(self) -> str:
        """Scheme, host and port of this portal."""
        return f"http://{HOST}:{self.server_port}"

    def prepare(self, agent: RunningAgent, *, purpose: str, order: str) -> None:
        """Which agent page to open and which order (JavaScript) to answer it with."""
        script = PORTAL_SCRIPT.replace("{agent}", agent.origin)
        self.script = script.replace("{purpose}", purpose).replace("{order}", order)


class _PortalHandler(http.server.BaseHTTPRequestHandler):
    server: PortalServer

    def do_GET(self) -> None:
        """The page or its script."""
        scripted = self.path == "/portal.js"
        body = (self.server.script if scripted else PORTAL_PAGE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if scripted else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
        policy = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"
        if self.server.sandboxed:
            policy = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox"
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def running_portal() -> Iterator[PortalServer]:
    """A portal on a free port."""
    with PortalServer() as server, _serving(server):
        yield server


@contextmanager
def _serving(server: DeskServer | http.server.HTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
